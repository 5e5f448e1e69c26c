-- The trigger function holds the mapping's text: reading the row again through the view would cost
-- a quarter of an INSERT. The transition tables are named inserted and deleted.
create or replace function metrics.install_message_triggers() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $install$
declare
  source metrics.sources;
  id_type constant text := metrics.column_type('metrics.source_messages', 'conversation_id');
begin
  select * into strict source from metrics.sources where kind = 'messages';
  execute format(
    $function$
    create or replace function metrics.tg_conversations__count() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    as $trigger$
    declare
      changed_at constant timestamptz := clock_timestamp();
      ids %1$s[];
      key uuid;
      rows_of_session integer;
      open_rows integer;
      created_at timestamptz;
      all_new boolean;
      new_sessions uuid[];
      answerable metrics.session_delta[];
    begin
      if TG_OP = 'INSERT' then
        -- An application's usual INSERT of one row: one statement, no grouping, no lookup.
        with counted as (
          select source.conversation_id, source.organization_id, source.session_id, source.widget_id,
            source.user_id, counted.*
          from (%2$s) as source
          cross join lateral metrics.count_message(
            source.organization_id::text, source.session_id::text, source.role, source.message, source.response,
            source.prompt_tokens, source.completion_tokens, source.created_at, source.responded_at
          ) as counted
          where (select count(*) from inserted) = 1
            -- Only stale rows claim another session's id (left by a restore, say): heal them first.
            and not exists (
              select from public.conversation_metrics as m
              where m.conversation_id = source.conversation_id and m.session_key <> counted.session_key
            )
        ),
        added as (
          insert into metrics.messages (
            conversation_id, session_key, created_at, ended_at, user_messages, ai_messages,
            prompt_tokens, completion_tokens, prompt_source, completion_source, response_us
          )
          select
            c.conversation_id, c.session_key, c.created_at, c.ended_at, c.user_messages, c.ai_messages,
            c.prompt_tokens, c.completion_tokens, c.prompt_source, c.completion_source, c.response_us
          from counted as c
          on conflict (conversation_id) do nothing
          returning *
        )
        insert into public.conversation_metrics as m (
          session_key, conversation_id, session_id, organization_id, widget_id, user_id,
          user_messages, ai_messages, prompt_tokens, completion_tokens, estimated_messages,
          conversation_start, conversation_end, response_count, response_us_sum,
          message_rows, open_rows, longest_lag, created_at, updated_at
        )
        select
          added.session_key, added.conversation_id, counted.session_id, counted.organization_id,
          counted.widget_id, counted.user_id,
          added.user_messages, added.ai_messages, added.prompt_tokens, added.completion_tokens,
          added.estimated_messages, nullif(added.created_at, 'infinity'), added.ended_at,
          (added.response_us is not null)::integer, coalesce(added.response_us, 0),
          1, added.is_open::integer, metrics.lag_seconds(added.created_at, added.ended_at),
          changed_at, changed_at
        from added, counted
        on conflict (session_key) do update set %4$s
        returning m.session_key, m.message_rows, m.open_rows
        into key, rows_of_session, open_rows;

        if rows_of_session = 1 then
          perform metrics.open_sessions(array[key]);
          return null;
        elsif open_rows = 0 then
          return null;
        elsif open_rows > 0 then
          ids := array(select conversation_id from (%2$s) as source);
          select m.created_at into created_at from metrics.messages as m where m.conversation_id = ids[1];
          answerable := array[row(key, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, created_at, created_at)::metrics.session_delta];
          perform metrics.add_answers(answerable);
          return null;
        end if;

        ids := array(select conversation_id from (%2$s) as source);
        if cardinality(ids) > 64 and not metrics.are_claimed(ids) then
          execute metrics.count_new_messages_sql(%3$L) using changed_at into all_new, new_sessions, answerable;
          if new_sessions is not null then
            perform metrics.open_sessions(new_sessions);
          end if;
          if answerable is not null then
            perform metrics.add_answers(answerable);
          end if;
          if all_new then
            return null;
          end if;
        end if;
      elsif TG_OP = 'UPDATE' then
        ids := array(
          select coalesce(after.conversation_id, before.conversation_id)
          from (%5$s) as before
          full join (%2$s) as after on after.conversation_id = before.conversation_id
          where before is distinct from after
        );
      elsif TG_OP = 'DELETE' then
        ids := array(select conversation_id from (%5$s) as source);
      else
        if not exists (select from metrics.source_messages) then
          delete from metrics.messages as l where not l.has_feedback;
          delete from public.conversation_metrics;
        end if;
        ids := array(
          select l.conversation_id from metrics.messages as l
          where l.session_key is not null
            and not exists (select from metrics.source_messages as s where s.conversation_id = l.conversation_id)
        );
      end if;

      if cardinality(ids) > 0 then
        perform metrics.sync_messages(ids);
      end if;
      return null;
    end; $trigger$
    $function$,
    id_type,
    format(source.mapping, 'inserted'),
    format(source.mapping, 'inserted'),
    metrics.merge_metrics_sql(),
    format(source.mapping, 'deleted')
  );
  comment on function metrics.tg_conversations__count() is
    'Counts what a statement did to the message rows into ledger and metrics, in its transaction. Installed by metrics.install_message_triggers.';
  perform metrics.install_triggers(source.kind, 'metrics.tg_conversations__count()');
end; $install$;

comment on function metrics.install_message_triggers() is
  'Creates the trigger function of the message source from its mapping, and its triggers.';
