import type { MonthlyReport } from "./read.ts";

/** What a report can be. */
export const FORMATS = ["html", "pdf", "csv"] as const;
export type Format = (typeof FORMATS)[number];

/** The media type of each. */
export const MEDIA_TYPES: Record<Format, string> = {
  html: "text/html; charset=utf-8",
  pdf: "application/pdf",
  csv: "text/csv; charset=utf-8",
};

/** A report as the bytes of a file. What makes one is loaded when it is needed. */
export async function render(format: Format, report: MonthlyReport): Promise<Buffer> {
  switch (format) {
    case "html":
      return Buffer.from((await import("./html.ts")).reportHtml(report));
    case "csv":
      return Buffer.from((await import("./csv.ts")).reportCsv(report));
    case "pdf":
      return (await import("./pdf.ts")).reportPdf(report);
  }
}
