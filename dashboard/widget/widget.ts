import { createApi } from "./api.ts";
import { createChat } from "./chat.ts";
import { element } from "./element.ts";
import { createLead } from "./lead.ts";
import { createMemory } from "./memory.ts";
import { readSettings } from "./settings.ts";
import { styleOf } from "./style.ts";

const SVG = "http://www.w3.org/2000/svg";

/** The page hears of what was stored by this event: { session_id, id, metrics, … }. */
const EVENT = "conversation-metrics";

const script = document.currentScript;
if (script instanceof HTMLScriptElement) {
  // A script in the head comes before there is a body.
  if (document.body === null) addEventListener("DOMContentLoaded", () => start(script));
  else start(script);
}

function start(tag: HTMLScriptElement): void {
  const settings = readSettings(tag);
  const memory = createMemory(`${EVENT} ${settings.organization ?? ""} ${settings.widget ?? ""}`);
  const tell = (detail: object) => document.dispatchEvent(new CustomEvent(EVENT, { detail }));
  const api = createApi(settings, memory.session, tell);
  const chat = createChat({ settings, api, memory });
  const lead = createLead(api.leave, (text) => chat.add(text, "note"));

  const close = element("button", { type: "button", "aria-label": "Close the chat", click: () => show(false) }, "×");
  const box = element(
    "div",
    { class: "box", role: "dialog", "aria-label": settings.title, hidden: true },
    element("div", { class: "top" }, element("h2", {}, settings.title), close),
    chat.log,
    ...(settings.lead ? [lead.offer, lead.form] : []),
    chat.form,
  );
  const launch = element(
    "button",
    { class: "launch", type: "button", click: () => show(box.hidden !== false) },
    bubble(),
  );
  const host = element("div");
  const shadow = host.attachShadow({ mode: "open" });
  shadow.adoptedStyleSheets = [styleOf(settings)];
  shadow.append(element("div", { class: "root" }, box, launch));

  const show = (isOpen: boolean, focus = true) => {
    box.hidden = !isOpen;
    launch.setAttribute("aria-expanded", String(isOpen));
    launch.setAttribute("aria-label", isOpen ? "Close the chat" : settings.title);
    if (focus) (isOpen ? chat.field : launch).focus();
  };
  box.addEventListener("keydown", ({ key }) => key === "Escape" && show(false));
  show(settings.open, false);
  document.body.append(host);
}

function bubble(): SVGSVGElement {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", "M21 11.5a8.4 8.4 0 0 1-12.2 7.5L3 21l2-5.8A8.4 8.4 0 1 1 21 11.5z");
  picture.append(path);
  return picture;
}
