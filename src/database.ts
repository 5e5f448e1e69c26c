import postgres from "postgres";

/** A postgres.js client; bigint and numeric columns come as strings, exact. */
export type Sql = postgres.Sql;

/** A client or a transaction of one: what a function takes that only runs queries. */
export type Queryable = postgres.ISql;

/** What a caller may choose about its client. */
export type ConnectOptions = {
  /** Most connections at once; 4 unless told. */
  max?: number;
  applicationName?: string;
  /**
   * false: learn no array types when connecting. postgres.js drops the error of that query: a server that
   * ends in this very moment would end our process too, as an unhandled rejection.
   */
  arrayTypes?: boolean;
  /** Receives the server's NOTICE and WARNING messages; dropped unless given. */
  onNotice?: (message: string) => void;
};

/** Opens a client. It connects at the first query; `await sql.end()` closes it. */
export function connect(url: string, options: ConnectOptions = {}): Sql {
  return postgres(url, {
    max: options.max ?? 4,
    connect_timeout: 10,
    fetch_types: options.arrayTypes ?? true,
    onnotice: (notice) => options.onNotice?.(notice.message ?? ""),
    connection: { application_name: options.applicationName ?? "conversation-metrics" },
  });
}
