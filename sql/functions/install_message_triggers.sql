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
      added metrics.messages;
      open_questions integer;
      all_new boolean;
      with_extras uuid[];
      answerable metrics.session_delta[];
    begin
      if TG_OP = 'INSERT' then
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

        if found then
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
            longest_lag = greatest(m.longest_lag, metrics.lag_seconds(added.created_at, added.ended_at)),
            updated_at = changed_at
          where m.session_key = added.session_key
            and (m.conversation_start, m.conversation_id) < (added.created_at, added.conversation_id)
          returning m.open_rows into open_questions;

          if open_questions is null then
            -- The first row of its session, ever or in time.
            perform metrics.add_first_row(added);
          elsif open_questions > 0 then
            perform metrics.answer_open_question(added);
          end if;
          return null;
        end if;

        ids := array(select conversation_id from (%2$s) as source);
        if cardinality(ids) > 64 and not metrics.are_claimed(ids) then
          execute metrics.count_new_messages_sql(%3$L) using changed_at into all_new, with_extras, answerable;
          if with_extras is not null then
            perform metrics.apply_extras(with_extras);
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
          from (%4$s) as before
          full join (%2$s) as after on after.conversation_id = before.conversation_id
          where before is distinct from after
        );
        if cardinality(ids) = 1 and metrics.change_in_place(ids[1]) then
          return null;
        end if;
      elsif TG_OP = 'DELETE' then
        ids := array(select conversation_id from (%4$s) as source);
      else
        perform metrics.forget_messages();
        ids := array(
          select l.conversation_id from metrics.messages as l
          where l.session_key is not null
            and not exists (select from metrics.source_messages as s where s.conversation_id = l.conversation_id)
        );
      end if;

      if cardinality(ids) > 0 then
        perform metrics.sync('messages', ids);
      end if;
      return null;
    end; $trigger$
    $function$,
    id_type,
    format(source.mapping, 'inserted'),
    format(source.mapping, 'inserted'),
    format(source.mapping, 'deleted')
  );
  comment on function metrics.tg_conversations__count() is
    'Counts what a statement did to the message rows into ledger and metrics, in its transaction. Installed by metrics.install_message_triggers.';
  perform metrics.install_triggers(source.kind, 'metrics.tg_conversations__count()');
end; $install$;

comment on function metrics.install_message_triggers() is
  'Creates the trigger function of the message source from its mapping, and its triggers.';
