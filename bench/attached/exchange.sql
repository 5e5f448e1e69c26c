-- The same exchange as plain/exchange.sql; organization, widget and user stand on the chat.
insert into shop.exchanges (chat, question, answer, asked_at, answered_at)
values ($1, $2, $3, now() - interval '1500 ms', now())
