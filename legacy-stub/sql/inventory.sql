-- What is on the shelf, and what of it is promised to somebody.

CREATE TABLE IF NOT EXISTS stock (
  sku         TEXT PRIMARY KEY,
  on_hand     INTEGER NOT NULL CHECK (on_hand >= 0),
  updated_at  TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS reservations (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  sku         TEXT NOT NULL REFERENCES stock (sku),
  quantity    INTEGER NOT NULL CHECK (quantity > 0),
  order_id    INTEGER,
  created_at  TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS reservations_by_sku ON reservations (sku, id);

INSERT INTO stock (sku, on_hand, updated_at) VALUES
  ('TEA-GREEN', 40, '2026-01-05T08:00:00Z'),
  ('TEA-BLACK', 25, '2026-01-05T09:00:00Z'),
  ('TEA-MINT', 0, '2026-01-05T10:00:00Z'),
  ('COF-HOUSE', 120, '2026-01-05T11:00:00Z'),
  ('COF-DECAF', 8, '2026-01-05T12:00:00Z'),
  ('COF-ESPR', 60, '2026-01-05T13:00:00Z'),
  ('CUP-SMALL', 3, '2026-01-05T14:00:00Z'),
  ('CUP-LARGE', 15, '2026-01-05T15:00:00Z'),
  ('POT-IRON', 6, '2026-01-05T16:00:00Z'),
  ('FLT-PAPER', 200, '2026-01-05T17:00:00Z'),
  ('GRN-HAND', 9, '2026-01-05T18:00:00Z'),
  ('SPN-TEA', 75, '2026-01-05T19:00:00Z');

INSERT INTO reservations (id, sku, quantity, order_id, created_at) VALUES
  (1, 'TEA-GREEN', 4, 1, '2026-01-06T08:00:00Z'),
  (2, 'COF-HOUSE', 10, 7, '2026-01-07T08:00:00Z'),
  (3, 'TEA-GREEN', 2, 13, '2026-01-08T08:00:00Z'),
  (4, 'GRN-HAND', 1, NULL, '2026-01-09T08:00:00Z');
