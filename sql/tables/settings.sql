create table metrics.settings (
  is_only boolean not null default true constraint settings_pkey primary key constraint settings_is_only check (is_only),
  keeps_numbers boolean not null default false
);
insert into metrics.settings default values;

comment on table metrics.settings is 'Settings of this source; one row.';
comment on column metrics.settings.keeps_numbers is
  'A message whose text is emptied stays counted as it was: metrics.keep_numbers.';
