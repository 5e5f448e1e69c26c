/** A fenced block under a mark: `<!-- run -->` and `<!-- run: name -->` are run, `<!-- prints -->` is the output before. */
export type Example = { mark: string; database: string; language: string; text: string };

/** The marked examples of a page. */
export const examplesOf = (page: string): Example[] =>
  [...page.matchAll(/^<!-- (run|prints)(?:: (\w+))? -->\n```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ([, mark = "", database = "", language = "", text = ""]) => ({ mark, database, language, text }),
  );

/** Where the links of a page lead. */
export const linksOf = (page: string): string[] =>
  [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);

/** The anchors of a page's headings, as GitHub makes them. */
export const headingsOf = (page: string): string[] =>
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
      .replaceAll(" ", "-"),
  );

/** The rows of the tables of a page, or of one of its chapters, without their heads. */
export const rowsOf = (page: string, chapter = ""): string[] => {
  const text = chapter === "" ? page : (page.split(`## ${chapter}\n`)[1]?.split(/^## /m)[0] ?? "");
  return [...text.matchAll(/^\|.*\|\n\|[-| ]+\|\n((?:\|.*\|\n)*)/gm)].flatMap(([, rows = ""]) =>
    rows.trim().split("\n"),
  );
};
