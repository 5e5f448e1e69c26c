/** The browser that npm brings, unpacked where it can be run; undefined where it cannot. */
export async function unpackBrowser(): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  try {
    const { default: brought } = await import("@sparticuz/chromium");
    return await brought.executablePath();
  } catch {
    return undefined;
  }
}
