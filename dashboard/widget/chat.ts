import { type Api, Refused } from "./api.ts";
import { element } from "./element.ts";
import type { createMemory } from "./memory.ts";
import { createRating } from "./rating.ts";
import type { Settings } from "./settings.ts";

type Options = { settings: Settings; api: Api; memory: ReturnType<typeof createMemory> };

/** The conversation: what was said, and the field to say more. */
export function createChat({ settings, api, memory }: Options) {
  const log = element("div", { class: "log", role: "log", "aria-label": settings.title, tabindex: "0" });
  const field = element("textarea", {
    rows: "1",
    maxlength: "16000",
    "aria-label": "Your message",
    placeholder: "Your message",
  });
  const send = element("button", { class: "send" }, "Send");
  const form = element("form", { submit: (event) => void onSubmit(event) }, field, send);
  let rating: HTMLElement | undefined;
  // Said once is enough.
  let noticed: string | undefined;

  const add = (text: string, kind: string): HTMLParagraphElement => {
    const line = element("p", { class: kind }, text);
    log.append(line);
    log.scrollTop = log.scrollHeight;
    return line;
  };

  if (settings.greeting !== "") add(settings.greeting, "them");
  for (const { by, text } of memory.said) add(text, by);

  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });

  async function onSubmit(event: Event): Promise<void> {
    event.preventDefault();
    const message = field.value.trim();
    if (message === "" || send.disabled) return;
    field.value = "";
    send.disabled = true;
    rating?.remove();
    add(message, "me");
    memory.keep({ by: "me", text: message });
    // Read out when it is whole, not piece by piece.
    log.setAttribute("aria-busy", "true");
    const line = add("", "them wait");
    try {
      const { id, notice } = await api.ask(message, (text) => {
        line.classList.remove("wait");
        line.append(text);
        log.scrollTop = log.scrollHeight;
      });
      memory.keep({ by: "them", text: line.textContent ?? "" });
      if (notice !== undefined && notice !== noticed) add(notice, "note");
      noticed = notice;
      if (settings.rating) {
        rating = createRating((stars) => api.rate(id, stars));
        log.append(rating);
      }
    } catch (error) {
      if (line.textContent === "") line.remove();
      add(error instanceof Refused ? error.message : "No answer came. Please try again.", "note bad");
      if (field.value === "") field.value = message;
    } finally {
      line.classList.remove("wait");
      log.removeAttribute("aria-busy");
      send.disabled = false;
      log.scrollTop = log.scrollHeight;
    }
  }

  return { log, form, field, add };
}
