import { escapeHtml } from "../escape-html.ts";
import type { MonthlyReport } from "./read.ts";
import { exactnessOf, figuresOf, headingOf, type Table, tablesOf } from "./words.ts";

const STYLE = `
:root{color-scheme:light}
body{margin:0;background:#f6f7f9;color:#171a21;font:14px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:860px;margin:0 auto;padding:40px 32px}
h1{margin:0;font-size:26px;letter-spacing:-.02em}
h2{margin:36px 0 8px;font-size:15px}
p{margin:4px 0;color:#5a6170}
ul{display:grid;grid-template-columns:repeat(auto-fill,minmax(180px,1fr));gap:12px;margin:28px 0;padding:0;list-style:none}
li{padding:14px 16px;background:#fff;border:1px solid #e4e6eb;border-radius:10px}
li span,li small{display:block;color:#5a6170;font-size:12.5px}
li strong{font-size:22px;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
table{width:100%;border-collapse:collapse;background:#fff;border:1px solid #e4e6eb;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:6px 12px;border-bottom:1px solid #e4e6eb;text-align:right;white-space:nowrap}
th{color:#5a6170;font-weight:500}
tr>:first-child{text-align:left}
tbody th{color:inherit;font-weight:400}
.bar{width:22%;text-align:left}
progress{width:100%;height:9px;vertical-align:middle;accent-color:#4f56d3}
@media print{body{background:#fff}main{padding:0}tr,li{break-inside:avoid}}
`;

/** A report as one HTML file, without script and without anything from elsewhere: to send, and to print. */
export function reportHtml(report: MonthlyReport): string {
  const { whose, month, note } = headingOf(report);
  const figures = figuresOf(report).map(
    (figure) =>
      `<li><span>${escapeHtml(figure.name)}</span><strong>${escapeHtml(figure.value)}</strong><small>${escapeHtml(figure.note)}</small></li>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(`${whose}, ${month}`)}</title><style>${STYLE}</style></head><body><main>
<h1>${escapeHtml(month)}</h1>
<p>${escapeHtml(whose)}. ${escapeHtml(note)}</p>
<ul>${figures.join("\n")}</ul>
${tablesOf(report).map(tableHtml).join("\n")}
<p>${escapeHtml(exactnessOf(report))}</p>
</main></body></html>
`;
}

function tableHtml({ title, columns, rows, bars }: Table): string {
  const [first = "", ...others] = columns;
  const bar = (share: number) =>
    `<td class="bar"><progress value="${share.toFixed(3)}" aria-hidden="true"></progress></td>`;
  const body = rows.map(([name = "", ...cells], index) => {
    const share = bars?.[index];
    return `<tr><th scope="row">${escapeHtml(name)}</th>${share === undefined ? "" : bar(share)}${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`;
  });
  return `<h2>${escapeHtml(title)}</h2>
<table><thead><tr><th scope="col">${escapeHtml(first)}</th>${bars === undefined ? "" : "<td></td>"}${others.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join("")}</tr></thead>
<tbody>${body.join("\n")}</tbody></table>`;
}
