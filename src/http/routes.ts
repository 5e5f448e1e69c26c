import { chatRoute } from "./chat.ts";
import { conversationRoute } from "./conversation.ts";
import { exportRoute } from "./export.ts";
import { feedbackRoute } from "./feedback.ts";
import { healthRoute, metricsRoute, readyRoute } from "./health.ts";
import { leadsRoute } from "./leads.ts";
import { conversationsRoute } from "./report-conversations.ts";
import { reportRoutes } from "./reports.ts";
import type { Route } from "./route.ts";
import { scopeRoute } from "./scope.ts";
import { loginRoute, sessionRoute, signOutRoute } from "./sign-in.ts";
import { sourcesRoute } from "./sources.ts";
import { statusRoute } from "./status.ts";

/** Every route of the API: what is served, and what is documented. */
export const routes: readonly Route[] = [
  chatRoute,
  leadsRoute,
  feedbackRoute,
  conversationRoute,
  conversationsRoute,
  ...reportRoutes,
  exportRoute,
  scopeRoute,
  sourcesRoute,
  statusRoute,
  loginRoute,
  sessionRoute,
  signOutRoute,
  healthRoute,
  readyRoute,
  metricsRoute,
];
