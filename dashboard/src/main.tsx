import "@fontsource-variable/inter/wght.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/figures.css";
import "./styles/conversation.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { applyTheme } from "./theme.ts";

// Charts measure their texts once: in the font that they will have. Never waiting long for it.
const FONT = '12px "Inter Variable"';
const PATIENCE_MS = 500;

applyTheme();
await Promise.race([document.fonts.load(FONT).catch(() => []), new Promise((done) => setTimeout(done, PATIENCE_MS))]);
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
