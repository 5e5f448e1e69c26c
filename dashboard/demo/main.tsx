import "@fontsource-variable/inter/wght.css";
import "../src/styles/base.css";
import "../src/styles/frame.css";
import "../src/styles/figures.css";
import "./demo.css";
import { render } from "preact";
import { applyTheme } from "../src/theme.ts";
import { Demo } from "./demo.tsx";

applyTheme();
const root = document.getElementById("app");
if (root !== null) render(<Demo />, root);
