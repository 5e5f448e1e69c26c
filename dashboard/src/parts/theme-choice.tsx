import { useState } from "preact/hooks";
import { chooseTheme, chosenTheme, type Theme } from "../theme.ts";

const NAMES: [Theme, string][] = [
  ["auto", "Auto"],
  ["light", "Light"],
  ["dark", "Dark"],
];

/** Light or dark, or as the system has it. */
export function ThemeChoice() {
  const [theme, set] = useState(chosenTheme);
  return (
    <label class="theme">
      <span class="unseen">Theme</span>
      <select
        value={theme}
        onChange={(event) => {
          const chosen = NAMES.find(([name]) => name === event.currentTarget.value)?.[0] ?? "auto";
          set(chosen);
          chooseTheme(chosen);
        }}
      >
        {NAMES.map(([value, name]) => (
          <option value={value} key={value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
