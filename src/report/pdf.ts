import { buffer } from "node:stream/consumers";
import PDFDocument from "pdfkit";
import type { MonthlyReport } from "./read.ts";
import { exactnessOf, type Figure, figuresOf, headingOf, type Table, tablesOf } from "./words.ts";

const MARGIN = 48;
const SOFT = "#5a6170";
const TEXT = "#171a21";
const LINE = "#e4e6eb";
const FIGURES_A_ROW = 4;
const FIGURE_HEIGHT = 58;

type Doc = InstanceType<typeof PDFDocument>;

/** A report as a PDF, in the fonts that every reader has. */
export async function reportPdf(report: MonthlyReport): Promise<Buffer> {
  const { whose, month, note } = headingOf(report);
  const doc = new PDFDocument({
    ...{ size: "A4", margin: MARGIN, lang: "en", tagged: true, pdfVersion: "1.7", displayTitle: true },
    info: { Title: `${whose}, ${month}` },
  });
  const bytes = buffer(doc);
  doc.font("Helvetica-Bold").fontSize(20).fillColor(TEXT).text(month);
  doc
    .font("Helvetica")
    .fontSize(9.5)
    .fillColor(SOFT)
    .text(`${plain(whose)}. ${plain(note)}`);
  drawFigures(doc, figuresOf(report));
  for (const table of tablesOf(report)) drawTable(doc, table);
  doc.moveDown().font("Helvetica").fontSize(8.5).fillColor(SOFT).text(exactnessOf(report), MARGIN);
  doc.end();
  return bytes;
}

function drawFigures(doc: Doc, figures: Figure[]): void {
  const top = doc.y + 14;
  const width = (doc.page.width - 2 * MARGIN) / FIGURES_A_ROW;
  for (const [index, { name, value, note }] of figures.entries()) {
    const x = MARGIN + (index % FIGURES_A_ROW) * width;
    const y = top + Math.floor(index / FIGURES_A_ROW) * FIGURE_HEIGHT;
    const options = { width: width - 10, lineBreak: true };
    doc.font("Helvetica").fontSize(8).fillColor(SOFT).text(name, x, y, options);
    doc
      .font("Helvetica-Bold")
      .fontSize(15)
      .fillColor(TEXT)
      .text(value, x, y + 11, options);
    doc
      .font("Helvetica")
      .fontSize(7)
      .fillColor(SOFT)
      .text(note, x, y + 29, options);
  }
  doc.y = top + Math.ceil(figures.length / FIGURES_A_ROW) * FIGURE_HEIGHT;
}

function drawTable(doc: Doc, { title, columns, rows }: Table): void {
  // A title alone at the foot of a page would stand apart from its table.
  if (doc.y > doc.page.height - 160) doc.addPage();
  doc
    .font("Helvetica-Bold")
    .fontSize(11)
    .fillColor(TEXT)
    .text(title, MARGIN, doc.y + 8);
  doc.moveDown(0.3).font("Helvetica").fontSize(8);
  doc.table({
    defaultStyle: { border: [0, 0, 0.5, 0], borderColor: LINE, padding: [3, 4, 3, 4] },
    columnStyles: columns.map((_, index) => ({ align: { x: index === 0 ? "left" : "right" } })),
    data: [columns.map((text) => ({ text, textColor: SOFT })), ...rows.map((cells) => cells.map(plain))],
  });
  doc.x = MARGIN;
}

// What the built-in fonts cannot show would come out as something else.
const plain = (text: string) => text.replaceAll("–", "-").replaceAll(/[^\x20-\x7e\xa0-\xff]/g, "?");
