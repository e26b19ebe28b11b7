"""Write the bundled sample of a shop: products with a sentence each, and who gave them how many stars. Run by hand.

Everything is made up: the shop, its products and its customers. Each customer has a taste for some kinds of products and for what is
for every day or for giving away, and gives stars by it, with some chance. So there is something to find out, and it is known what.
"""

from __future__ import annotations

import csv
import math
import random
from datetime import date, timedelta
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "resources" / "samples" / "shop"
CUSTOMERS, EACH = 150, (10, 20)
# Kind: what is said of it, and the products; every second one is for giving away.
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Tea": ("loose leaves for the teapot", (
        "Breakfast tea", "First flush Darjeeling", "Earl Grey", "Jasmine pearls", "Peppermint leaves", "Smoky black tea",
        "Sencha", "Rooibos with vanilla", "Ginger and lemon", "White tea with rose", "Oolong", "Winter spice tea",
    )),
    "Coffee": ("for the coffee lover", (
        "House espresso beans", "Single estate beans", "Filter roast", "Hand grinder", "Decaf beans", "Moka pot",
        "Paper filters", "Glass coffee dripper", "Cold brew bags", "Espresso cups", "Milk frother", "Tasting box of beans",
    )),
    "Baking": ("for bread and cakes from the oven", (
        "Rye sourdough starter", "Copper cake tin", "Bread flour", "Cookie cutters", "Proving basket", "Macaron kit",
        "Dry yeast", "Cake stand", "Dough scraper", "Marbled rolling pin", "Baking paper", "Gingerbread house kit",
    )),
    "Spices": ("for cooking with more taste", (
        "Ground cumin", "Saffron threads", "Smoked paprika", "Pepper collection", "Curry powder", "Vanilla pods",
        "Coarse sea salt", "Truffle salt", "Chilli flakes", "Stone mortar", "Cinnamon sticks", "Box of twelve spices",
    )),
    "Garden": ("for beds, balconies and pots", (
        "Tomato seeds", "Brass watering can", "Potting soil", "Lavender in a pot", "Pruning shears", "Bulbs for spring",
        "Jute twine", "Bird house", "Basil seeds", "Bee hotel", "Garden gloves", "Terracotta herb set",
    )),
    "Candles": ("light and scent for the living room", (
        "Tea lights", "Beeswax pillar", "Table candles", "Scented candle, fig", "Long matches", "Hand-dipped tapers",
        "Candle snuffer", "Scented candle, cedar", "Floating candles", "Brass candlestick", "Lantern glass", "Advent candle set",
    )),
    "Paper": ("for writing, drawing and sending", (
        "Lined notebook", "Leather diary", "Pencils, a dozen", "Fountain pen", "Sticky notes", "Wax seal set",
        "Ink, dark blue", "Letter paper with flowers", "Ruler of wood", "Calligraphy set", "Brown envelopes", "Watercolour box",
    )),
    "Knitting": ("wool and what goes with it", (
        "Merino yarn, grey", "Hand-dyed silk yarn", "Cotton yarn, white", "Knitting needles of rosewood", "Darning kit",
        "Alpaca yarn, natural", "Stitch markers", "Project bag of linen", "Sock yarn", "Pattern book: scarves", "Crochet hooks",
        "Beginner's box: a first hat",
    )),
}  # fmt: skip


def main() -> None:
    """Write both tables."""
    rng = random.Random(7)
    products = [
        (f"{kind[:2].upper()}{number + 1:02}", name, kind, number % 2, words)
        for kind, (words, names) in KINDS.items()
        for number, name in enumerate(names)
    ]
    fame = [rng.gauss(0, 0.7) for _ in products]
    TARGET.mkdir(parents=True, exist_ok=True)
    with (TARGET / "products.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("product", "name", "kind", "description"))
        for key, name, kind, gift, words in products:
            use = "nice to give away" if gift else "for every day"
            writer.writerow((key, name, kind, f"{words[0].upper()}{words[1:]}, {use}"))
    rows = []
    for number in range(CUSTOMERS):
        taste = {kind: rng.gauss(0, 1.5) for kind in KINDS}
        giving = rng.gauss(0, 0.8)
        drawn = [
            taste[kind] + (giving if gift else -giving) + fame[place]
            for place, (_key, _name, kind, gift, _words) in enumerate(products)
        ]
        left = list(range(len(products)))
        day = date(2024, 1, 1) + timedelta(days=rng.randrange(300))
        for _ in range(rng.randint(*EACH)):
            place = rng.choices(left, [math.exp(drawn[p]) for p in left])[0]
            left.remove(place)
            day += timedelta(days=rng.randint(1, 30))
            stars = min(5, max(1, round(3.2 + 0.6 * drawn[place] + rng.gauss(0, 0.8))))
            rows.append((f"customer {number + 1:03}", products[place][0], stars, day.isoformat()))
    rows.sort(key=lambda row: row[3])
    with (TARGET / "ratings.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("customer", "product", "stars", "date"))
        writer.writerows(rows)


if __name__ == "__main__":
    main()
