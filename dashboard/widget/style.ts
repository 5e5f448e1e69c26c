import { type Settings, textOn } from "./settings.ts";

const LIGHT = "--s:#fff;--k:#f1f2f5;--t:#171a21;--f:#5a6170;--l:#d9dce3;--e:#b3261e";
const DARK = "--s:#171a21;--k:#242936;--t:#eceef3;--f:#a9b0bf;--l:#3b4251;--e:#ff8a80";

/** The widget's style: by a style sheet object, which a page's content-security policy lets through. */
export function styleOf({ color, theme }: Settings): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  const dark = theme === "auto" ? `@media (prefers-color-scheme:dark){:host{${DARK}}}` : "";
  sheet.replaceSync(`
:host{all:initial;--c:${color};--o:${textOn(color)};${theme === "dark" ? DARK : LIGHT}}
${dark}
*{box-sizing:border-box}
.root{position:fixed;right:20px;bottom:20px;z-index:2147483000;font:15px/1.45 system-ui,-apple-system,"Segoe UI",sans-serif;color:var(--t)}
button,input,textarea{font:inherit;color:inherit}
button{cursor:pointer}
:focus-visible{outline:2px solid var(--t);outline-offset:2px}
.launch{display:grid;place-content:center;width:56px;height:56px;margin-left:auto;border:0;border-radius:50%;background:var(--c);color:var(--o);box-shadow:0 4px 16px rgb(0 0 0/.25)}
.launch svg{width:26px;height:26px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.box{display:flex;flex-direction:column;width:380px;height:min(600px,calc(100dvh - 110px));margin-bottom:12px;overflow:hidden;background:var(--s);border:1px solid var(--l);border-radius:16px;box-shadow:0 12px 40px rgb(0 0 0/.22)}
[hidden]{display:none!important}
.top{display:flex;align-items:center;justify-content:space-between;gap:8px;padding:12px 12px 12px 18px;background:var(--c);color:var(--o)}
h2{margin:0;font-size:16px;font-weight:600}
.top button{width:32px;height:32px;border:0;border-radius:8px;background:none;font-size:22px;line-height:1}
.top :focus-visible{outline-color:var(--o)}
.log{flex:1;display:flex;flex-direction:column;gap:10px;padding:16px;overflow-y:auto;overscroll-behavior:contain}
.log>p{margin:0;max-width:85%;padding:9px 13px;border-radius:14px;background:var(--k);white-space:pre-wrap;overflow-wrap:anywhere}
.log>.me{align-self:flex-end;background:var(--c);color:var(--o)}
.log>.note{max-width:none;padding:0;background:none;color:var(--f);font-size:13px}
.log>.bad{color:var(--e)}
.log>.wait::after{content:"…"}
fieldset{display:flex;align-items:center;gap:2px;margin:-4px 0 0;padding:0;border:0;color:var(--f);font-size:13px}
legend{float:left;padding:0;margin-right:6px}
.star{width:28px;height:28px;padding:0;border:0;border-radius:6px;background:none;color:var(--f);font-size:18px;line-height:1}
.star[aria-pressed=true]{color:#b26b00}
form{display:flex;gap:8px;padding:12px;border-top:1px solid var(--l)}
textarea,input{flex:1;min-width:0;padding:9px 12px;background:var(--s);border:1px solid var(--f);border-radius:10px;resize:none}
.send{padding:0 16px;border:0;border-radius:10px;background:var(--c);color:var(--o);font-weight:600}
.send:disabled{opacity:.6;cursor:default}
.lead{display:grid;gap:8px}
.lead label{display:grid;gap:3px;font-size:13px;color:var(--f)}
.lead input{color:var(--t);font-size:15px}
.lead div{display:flex;gap:8px}
.lead .send{height:40px;flex:1}
.plain{padding:0 12px;height:40px;border:1px solid var(--l);border-radius:10px;background:none}
.offer{align-self:flex-start;margin:0 12px 10px;padding:0;border:0;background:none;color:var(--f);font-size:13px;text-decoration:underline;text-underline-offset:3px}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@media (max-width:460px){.root{right:12px;bottom:12px;left:12px}.box{width:auto}}
@media (prefers-reduced-motion:no-preference){.box{animation:up .18s ease-out}@keyframes up{from{opacity:0;transform:translateY(8px)}}}
`);
  return sheet;
}
