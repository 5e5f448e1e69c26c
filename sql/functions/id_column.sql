create or replace function metrics.id_column(of_kind text) returns text
language sql immutable
return case of_kind when 'messages' then 'conversation_id' when 'leads' then 'lead_id' when 'feedback' then 'feedback_id' end;

comment on function metrics.id_column(text) is 'What the id of canonical rows of a kind is called.';
