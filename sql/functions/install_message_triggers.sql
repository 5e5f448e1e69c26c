-- The trigger functions hold the mapping's text: reading the row again through the view would cost
-- a quarter of an INSERT. One function an event, since in the shortest of them each IF counts. The
-- transition tables are named inserted and deleted.
create or replace function metrics.install_message_triggers() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $install$
declare
  source metrics.sources;
  id_type constant text := metrics.column_type('metrics.source_messages', 'conversation_id');
  inserted text;
  deleted text;
begin
  select * into strict source from metrics.sources where kind = 'messages';
  inserted := format(source.mapping, 'inserted');
  deleted := format(source.mapping, 'deleted');

  execute format(
    $function$
    create or replace function metrics.tg_conversations__insert() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    as $trigger$
    declare
      added metrics.messages;
      open_questions integer;
    begin
      -- An application's usual INSERT of one row: neither grouping nor lookups. Not an upsert,
      -- since that would set up a whole new metrics row each time.
      insert into metrics.messages (
        conversation_id, session_key, created_at, ended_at, user_messages, ai_messages,
        prompt_tokens, completion_tokens, prompt_source, completion_source, response_us
      )
      select
        source.conversation_id, counted.session_key, counted.created_at, counted.ended_at,
        counted.user_messages, counted.ai_messages, counted.prompt_tokens, counted.completion_tokens,
        counted.prompt_source, counted.completion_source, counted.response_us
      from (%2$s) as source
      cross join lateral metrics.count_message(
        source.organization_id::text, source.session_id::text, source.role, source.message, source.response,
        source.prompt_tokens, source.completion_tokens, source.created_at, source.responded_at
      ) as counted
      where not exists (select from inserted offset 1)
      on conflict (conversation_id) do nothing
      returning * into added;

      update public.conversation_metrics as m
      set
        user_messages = m.user_messages + added.user_messages,
        ai_messages = m.ai_messages + added.ai_messages,
        prompt_tokens = m.prompt_tokens + added.prompt_tokens,
        completion_tokens = m.completion_tokens + added.completion_tokens,
        estimated_messages = m.estimated_messages + metrics.estimated_messages(
          added.user_messages, added.prompt_source, added.ai_messages, added.completion_source),
        conversation_end = greatest(m.conversation_end, added.ended_at),
        response_count = m.response_count + case when added.response_us is null then 0 else 1 end,
        response_us_sum = m.response_us_sum + coalesce(added.response_us, 0),
        message_rows = m.message_rows + 1,
        open_rows = m.open_rows + case when metrics.is_open(added.user_messages, added.ai_messages) then 1 else 0 end,
        longest_lag = greatest(m.longest_lag, metrics.row_lag(added.created_at, added.ended_at)),
        updated_at = clock_timestamp()
      where m.session_key = added.session_key
        and (m.conversation_start, m.conversation_id) < (added.created_at, added.conversation_id)
      returning m.open_rows into open_questions;

      if open_questions = 0 then
        return null;
      elsif open_questions > 0 then
        perform metrics.answer_open_question(added);
      elsif added.session_key is not null then
        -- The first row of its session, ever or in time.
        perform metrics.add_first_row(added);
      else
        -- Several rows, or one that the ledger knows already.
        declare
          ids constant %1$s[] := array(select conversation_id from (%2$s) as source);
          all_new boolean;
          with_extras uuid[];
          answerable metrics.session_delta[];
        begin
          if cardinality(ids) > 64 and not metrics.are_claimed(ids) then
            execute metrics.count_new_messages_sql(%3$L)
              into all_new, with_extras, answerable
              using clock_timestamp();
            if with_extras is not null then
              perform metrics.apply_extras(with_extras);
            end if;
            if answerable is not null then
              perform metrics.add_answers(answerable);
            end if;
          end if;
          if all_new is not true then
            perform metrics.sync('messages', ids);
          end if;
        end;
      end if;
      return null;
    end; $trigger$
    $function$,
    id_type, inserted, inserted
  );

  execute format(
    $function$
    create or replace function metrics.tg_conversations__update() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    as $trigger$
    declare
      ids constant %1$s[] := array(
        select coalesce(after.conversation_id, before.conversation_id)
        from (%3$s) as before
        full join (%2$s) as after on after.conversation_id = before.conversation_id
        -- By image: two values of a type may be equal and differ (texts by their collation).
        where before.conversation_id is null or after.conversation_id is null or before *<> after
      );
    begin
      if cardinality(ids) = 1 and metrics.change_in_place(ids[1]) then
        return null;
      end if;
      perform metrics.sync('messages', ids);
      return null;
    end; $trigger$
    $function$,
    id_type, inserted, deleted
  );

  execute format(
    $function$
    create or replace function metrics.tg_conversations__delete() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    as $trigger$
    begin
      perform metrics.sync('messages', array(select conversation_id from (%1$s) as source));
      return null;
    end; $trigger$
    $function$,
    deleted
  );

  perform metrics.install_triggers('messages', 'metrics.tg_conversations__%s()');
end; $install$;

comment on function metrics.install_message_triggers() is
  'Creates the trigger functions of the message source from its mapping, and its triggers.';
