import type { ComponentChildren } from "preact";
import { addressOf, goTo, type Place, placeOf } from "../location.ts";

/** Goes where a link of ours leads without loading the page anew; a click for a new tab is the browser's. */
export function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const href = link?.getAttribute("href");
  if (link === null || href === null || href === undefined || !href.startsWith("?") || link.target !== "") return;
  event.preventDefault();
  goTo(placeOf(href.slice(1)));
}

type Props = { to: Place; class?: string; current?: boolean; children: ComponentChildren; label?: string };

/** A link to a view. */
export function Link({ to, class: name, current, children, label }: Props) {
  return (
    <a href={addressOf(to)} class={name} aria-current={current ? "page" : undefined} aria-label={label}>
      {children}
    </a>
  );
}
