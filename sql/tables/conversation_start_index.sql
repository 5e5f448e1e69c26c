-- Without a name: the application may have an index of the one that we would give.
-- conversation_start stays as it is on the usual updates, so they stay in place (HOT).
create index on public.conversation_metrics (conversation_start);
