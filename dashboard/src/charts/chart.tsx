import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartConfiguration,
  type ChartOptions,
  type ChartType,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from "chart.js";
import { MatrixController, MatrixElement } from "chartjs-chart-matrix";
import { useEffect, useRef } from "preact/hooks";
import { useFont } from "./font.ts";

// Only what is drawn: the rest of the library is not loaded.
Chart.register(BarController, BarElement, LineController, LineElement, PointElement, MatrixController, MatrixElement);
Chart.register(CategoryScale, LinearScale, Tooltip, Filler);
Chart.defaults.font.family = "Inter Variable, system-ui, sans-serif";
Chart.defaults.font.size = 12;
Chart.defaults.maintainAspectRatio = false;
// Two pixels for each even where the screen has one: texts stay sharp when the page is zoomed.
Chart.defaults.devicePixelRatio = Math.max(2, devicePixelRatio);

const calm = matchMedia("(prefers-reduced-motion: reduce)");

type Props = {
  config: ChartConfiguration<ChartType>;
  /** What it shows, for those who do not see it. */
  label: string;
  /** A click on the figure at an index of the labels, or, of a matrix, of its cells. */
  onPick?: ((index: number) => void) | undefined;
};

/** A chart of Chart.js. It says what it shows; the figures themselves are in the table beside it. */
export function ChartCanvas({ config, label, onPick }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const chart = useRef<Chart | undefined>(undefined);
  const pick = useRef(onPick);
  pick.current = onPick;
  const hasFont = useFont();
  useEffect(() => {
    const element = canvas.current;
    if (element === null || !hasFont) return;
    const animation: ChartOptions["animation"] = calm.matches ? false : ANIMATION;
    const options: ChartOptions = { ...config.options, ...interaction(config, pick), animation };
    if (chart.current === undefined) {
      // What is there already when the page is opened need not move.
      chart.current = new Chart(element, { ...config, options: { ...options, animation: false } });
    } else {
      chart.current.data = config.data;
      chart.current.options = options;
      chart.current.update();
    }
  }, [config, hasFont]);
  useEffect(() => () => chart.current?.destroy(), []);
  return <canvas ref={canvas} role="img" aria-label={label} />;
}

const ANIMATION = { duration: 350, easing: "easeOutQuart" } as const;

function interaction({ type }: { type?: ChartType }, pick: { current: Props["onPick"] }): object {
  const mode = type === "matrix" ? "nearest" : "index";
  const at = (chart: Chart, event: Event) =>
    chart.getElementsAtEventForMode(event, mode, { intersect: type === "matrix" }, false)[0]?.index;
  return {
    onClick: (event: { native: Event | null }, _found: unknown, chart: Chart) => {
      const index = event.native === null ? undefined : at(chart, event.native);
      if (index !== undefined) pick.current?.(index);
    },
    onHover: (event: { native: Event | null }, found: unknown[], chart: Chart) => {
      if (event.native !== null && pick.current) chart.canvas.style.cursor = found.length > 0 ? "pointer" : "default";
    },
  };
}
