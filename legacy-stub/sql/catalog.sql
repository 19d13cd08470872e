-- What is sold. Every program that names or prices an article has its own copy.

CREATE TABLE IF NOT EXISTS products (
  sku          TEXT PRIMARY KEY,
  name         TEXT NOT NULL,
  price_cents  INTEGER NOT NULL CHECK (price_cents > 0)
);

INSERT INTO products (sku, name, price_cents) VALUES
  ('TEA-GREEN', 'Green tea, 100 g', 795),
  ('TEA-BLACK', 'Black tea, 100 g', 690),
  ('TEA-MINT', 'Mint leaves, 50 g', 450),
  ('COF-HOUSE', 'House blend, 250 g', 899),
  ('COF-DECAF', 'Decaf, 250 g', 1049),
  ('COF-ESPR', 'Espresso roast, 1 kg', 2190),
  ('CUP-SMALL', 'Espresso cup', 600),
  ('CUP-LARGE', 'Café au lait bowl', 1150),
  ('POT-IRON', 'Cast-iron teapot', 5900),
  ('FLT-PAPER', 'Paper filters, 100 pieces', 325),
  ('GRN-HAND', 'Hand grinder', 4450),
  ('SPN-TEA', 'Tea spoon', 199);
