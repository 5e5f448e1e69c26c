import { readFile } from "node:fs/promises";

// Linux counts in ticks of 1/100 s, whatever the processor.
const MS_PER_TICK = 10;
// Of the fields after the program's name in parentheses, which may itself hold spaces.
const USER_TIME = 11;
const SYSTEM_TIME = 12;

/** CPU time that these processes have used, in ms; NaN where it cannot be read. */
export async function cpuTimeOf(pids: readonly number[]): Promise<number> {
  if (pids.length === 0) return Number.NaN;
  try {
    const times = await Promise.all(pids.map(ticksOf));
    return times.reduce((sum, ticks) => sum + ticks, 0) * MS_PER_TICK;
  } catch {
    return Number.NaN; // Not Linux.
  }
}

async function ticksOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME]);
}
