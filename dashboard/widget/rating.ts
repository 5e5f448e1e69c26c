import { element } from "./element.ts";

const STARS = [1, 2, 3, 4, 5];

/** Five stars for the answer above; another choice takes the place of the one before. */
export function createRating(rate: (stars: number) => Promise<void>): HTMLElement {
  const said = element("span", { role: "status" });
  const buttons = STARS.map((stars) =>
    element(
      "button",
      {
        class: "star",
        type: "button",
        "aria-pressed": "false",
        "aria-label": `${stars} of 5`,
        click: () => void choose(stars),
      },
      "★",
    ),
  );
  const choose = async (stars: number) => {
    for (const [index, button] of buttons.entries()) button.setAttribute("aria-pressed", String(index < stars));
    try {
      await rate(stars);
      said.textContent = " Thank you";
    } catch {
      said.textContent = " That was not stored";
    }
  };
  return element("fieldset", {}, element("legend", {}, "Helpful?"), ...buttons, said);
}
