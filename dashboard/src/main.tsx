import "@fontsource-variable/inter/wght.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/figures.css";
import "./styles/conversation.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { applyTheme } from "./theme.ts";

applyTheme();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
// All that can be chosen can be chosen from here on; the figures come in a moment.
performance.mark("interactive");
