-- Who may log in, and who is. Passwords are salted PBKDF2, set by the program;
-- of a session only the hash of its token is kept.

CREATE TABLE IF NOT EXISTS accounts (
  customer  TEXT PRIMARY KEY,
  name      TEXT NOT NULL,
  salt      BLOB,
  password  BLOB
);

CREATE TABLE IF NOT EXISTS sessions (
  token       BLOB PRIMARY KEY,
  customer    TEXT NOT NULL REFERENCES accounts (customer),
  expires_at  INTEGER NOT NULL
);

INSERT INTO accounts (customer, name) VALUES
  ('ada@example.com', 'Ada'),
  ('grace@example.com', 'Grace'),
  ('linus@example.com', 'Linus'),
  ('barbara@example.com', 'Barbara'),
  ('dennis@example.com', 'Dennis');
