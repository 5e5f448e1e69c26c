import { connect } from "../database.ts";
import { errorCode, UserError } from "../errors.ts";
import { type Connection, connectionUrl, DATABASE } from "./connection-file.ts";

/** Makes the application's database on a new server, and shows that the connection file is right. */
export async function ensureDatabase(connection: Connection): Promise<void> {
  const sql = connect(connectionUrl(connection, "postgres"), { max: 1 });
  try {
    const found = await sql`select from pg_database where datname = ${DATABASE}`;
    if (found.count === 0) await sql`create database ${sql(DATABASE)}`;
  } catch (error) {
    if (errorCode(error) !== "28P01") throw error;
    throw new UserError("The password in connection.json is not that of the embedded server.", {
      hint: "Restore the file, or move the data folder away to start with an empty database.",
      cause: error,
    });
  } finally {
    await sql.end();
  }
}
