-- PostgreSQL fires triggers by name: messages before what hangs on them, where one table holds both.
create or replace function metrics.trigger_name(of_kind text, event text) returns text
language sql immutable
return format(
  '_%s_metrics_%s_%s_%s', case of_kind when 'messages' then 500 else 510 end, metrics.source_name(), of_kind, event
);

comment on function metrics.trigger_name(text, text) is 'The name of a source''s trigger.';
