import type { ApiError } from "../api.ts";

/** What went wrong, and what to do about it. What was read before stays where it is. */
export function Trouble({ error }: { error: ApiError }) {
  return (
    <div class="trouble" role="alert">
      <strong>{error.message}</strong>
      {error.hint !== undefined && <span> {error.hint}</span>}
    </div>
  );
}
