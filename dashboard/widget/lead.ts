import { Refused } from "./api.ts";
import { element } from "./element.ts";

type Lead = { name?: string; email?: string };

/** The offer to leave contact details, and the form for them. */
export function createLead(leave: (lead: Lead) => Promise<void>, thank: (text: string) => void) {
  const name = element("input", { name: "name", autocomplete: "name", maxlength: "200" });
  const email = element("input", {
    name: "email",
    type: "email",
    autocomplete: "email",
    maxlength: "254",
    required: true,
  });
  const said = element("p", { role: "alert", class: "note bad" });
  const form = element(
    "form",
    { class: "lead", hidden: true, "aria-label": "Your contact details", submit: (event) => void onSubmit(event) },
    element("label", {}, "Name", name),
    element("label", {}, "E-mail", email),
    said,
    element(
      "div",
      {},
      element("button", { class: "send" }, "Leave them"),
      element("button", { class: "plain", type: "button", click: () => show(false) }, "Cancel"),
    ),
  );
  const offer = element(
    "button",
    { class: "offer", type: "button", click: () => show(true) },
    "Leave your contact details",
  );
  said.hidden = true;

  function show(isOpen: boolean): void {
    form.hidden = !isOpen;
    offer.hidden = isOpen;
    (isOpen ? name : offer).focus();
  }

  async function onSubmit(event: Event): Promise<void> {
    event.preventDefault();
    const given = { name: name.value.trim(), email: email.value.trim() };
    try {
      await leave(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== "")));
      show(false);
      said.hidden = true;
      thank("Thank you, we will be in touch.");
    } catch (error) {
      said.hidden = false;
      said.textContent = error instanceof Refused ? error.message : "That was not stored. Please try again.";
    }
  }

  return { form, offer };
}
