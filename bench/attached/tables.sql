-- An application with tables of its own: exchanges in chats, the tenant and the user on the chat.
create schema shop;
create table shop.chats (
  id text primary key,
  tenant bigint not null,
  widget bigint,
  customer bigint
);
create table shop.exchanges (
  id bigint generated always as identity primary key,
  chat text not null references shop.chats,
  question text,
  answer text,
  asked_at timestamptz not null default now(),
  answered_at timestamptz
);
create index on shop.exchanges (chat);
create view shop.metrics_messages as
select
  e.id as conversation_id, e.chat as session_id, c.tenant as organization_id, c.widget as widget_id, c.customer as user_id,
  e.question as message, e.answer as response, e.asked_at as created_at, e.answered_at as responded_at
from shop.exchanges as e
join shop.chats as c on c.id = e.chat
