import GRDB

/// The tables of a study. One SQLite file holds one study.
///
/// Numbers that need 64 bits without a sign (seeds) stand as the signed integer of the same bits; hashes stand as 16
/// hexadecimal digits; lists stand as JSON, those that are read a hundred thousand times as packed bytes. Only tables with
/// short rows are without row ids: longer rows would each spill to a page of their own there.
enum Schema {
  /// Stands in `PRAGMA user_version`; a file with a higher one is refused.
  static let version = 1

  /// Marks the file as ours (`PRAGMA application_id`): "IRLA".
  static let application = 0x4952_4C41

  static let tables = """
    CREATE TABLE study (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      search TEXT NOT NULL, program TEXT NOT NULL, plan TEXT NOT NULL, figures TEXT NOT NULL,
      sources TEXT NOT NULL, recipe TEXT, data TEXT, settings TEXT NOT NULL, version TEXT NOT NULL,
      host TEXT NOT NULL, created REAL NOT NULL);
    CREATE TABLE runs (
      run INTEGER PRIMARY KEY, seed INTEGER NOT NULL UNIQUE, mirrors TEXT NOT NULL, features TEXT NOT NULL,
      state TEXT NOT NULL, finished REAL);
    CREATE TABLE batches (
      run INTEGER NOT NULL REFERENCES runs, batch INTEGER NOT NULL, elapsed REAL NOT NULL, recorded REAL NOT NULL,
      PRIMARY KEY (run, batch)) WITHOUT ROWID;
    CREATE TABLE decisions (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL, option INTEGER NOT NULL, count INTEGER NOT NULL, label TEXT NOT NULL,
      UNIQUE (name, option, count, label));
    CREATE TABLE programs (
      program TEXT PRIMARY KEY, topology TEXT NOT NULL, text TEXT, params INTEGER NOT NULL, macs INTEGER NOT NULL,
      depth INTEGER NOT NULL, features BLOB NOT NULL);
    CREATE TABLE trials (
      run INTEGER NOT NULL, trial INTEGER NOT NULL, batch INTEGER NOT NULL, program TEXT NOT NULL, repeats INTEGER,
      decisions BLOB NOT NULL, likeness TEXT NOT NULL, prospects BLOB NOT NULL, seed INTEGER NOT NULL,
      state TEXT NOT NULL, exceeded INTEGER, reason TEXT,
      figures TEXT NOT NULL, curve TEXT NOT NULL, seconds REAL NOT NULL,
      PRIMARY KEY (run, trial));
    CREATE TABLE measurements (
      program TEXT NOT NULL, figure TEXT NOT NULL, value REAL, reason TEXT, samples TEXT NOT NULL, plan TEXT,
      host TEXT NOT NULL, recorded REAL NOT NULL, PRIMARY KEY (program, figure)) WITHOUT ROWID;
    CREATE TABLE evaluations (
      program TEXT NOT NULL, seed INTEGER NOT NULL, recipe TEXT NOT NULL, epochs INTEGER NOT NULL, state TEXT NOT NULL,
      reason TEXT, curve TEXT NOT NULL, seconds REAL NOT NULL, plan TEXT, host TEXT NOT NULL, recorded REAL NOT NULL,
      PRIMARY KEY (program, seed, recipe, epochs));
    CREATE TABLE plans (plan TEXT PRIMARY KEY, summary TEXT NOT NULL);
    """

  /// Makes the tables in an empty file.
  static func create(_ database: Database) throws {
    try database.execute(sql: tables)
    try database.execute(sql: "PRAGMA user_version = \(version)")
    try database.execute(sql: "PRAGMA application_id = \(application)")
  }
}
