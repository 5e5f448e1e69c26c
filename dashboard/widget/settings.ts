/** What the page says of the widget, by data- attributes of the script tag. */
export type Settings = {
  /** Where the API is: where the script came from, unless said otherwise. */
  server: string;
  organization: string | undefined;
  widget: string | undefined;
  user: string | undefined;
  key: string | undefined;
  title: string;
  greeting: string;
  color: string;
  theme: string;
  lead: boolean;
  rating: boolean;
  open: boolean;
};

const COLOR = /^#[0-9a-f]{6}$/i;

/** Reads them. What makes no sense is as if it were not there: a page must not break by its chat box. */
export function readSettings({ src, dataset }: HTMLScriptElement): Settings {
  const { server, organization, widget, user, key, title, greeting, color = "", theme, lead, rating, open } = dataset;
  return {
    server: new URL(server ?? ".", src).href.replace(/\/?$/, "/"),
    ...{ organization, widget, user, key },
    title: title || "Chat with us",
    greeting: greeting ?? "Hello! How can we help?",
    color: COLOR.test(color) ? color : "#4f56d3",
    theme: theme === "light" || theme === "dark" ? theme : "auto",
    lead: lead !== "off",
    rating: rating !== "off",
    open: open === "wide" ? matchMedia("(min-width: 900px)").matches : open !== undefined && open !== "false",
  };
}

/** Black or white, whichever is read better on a color. */
export function textOn(color: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? "#ffffff" : "#000000";
}
