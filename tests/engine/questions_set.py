"""A small set for judging search: passages, and questions whose answer stands in exactly one of them.

Half of the questions say it in other words, half ask for a name or a number.
"""

from __future__ import annotations

PASSAGES = {
    "lease": "The tenant shall pay a deposit of three monthly rents before moving in. It is given back within six months.",
    "lease-pets": "Dogs and cats may only be kept with the written consent of the landlord.",
    "warranty": "Defects of the washing machine are mended free of charge during the first two years after purchase.",
    "invoice-a": "Invoice RX-4471 to Marlow Bakery over 1,290.00 euros, due on 14 March.",
    "invoice-b": "Invoice RX-4482 to Hansen Boats over 830.50 euros, due on 2 April.",
    "minutes": "Mrs Okafor reported that the roof of the gymnasium leaks. The caretaker will ask for three offers.",
    "minutes-2": "Mr Lindqvist proposed to move the summer party to the second weekend of July.",
    "recipe": "Knead flour, water, salt and yeast for ten minutes, then let the dough rise in a warm place for two hours.",
    "recipe-soup": "Fry the onions in butter, add pumpkin and stock and let it simmer until everything is soft.",
    "doctor": "Take one tablet of Metoprolol 47.5 mg in the morning with a glass of water.",
    "doctor-2": "If a rash or shortness of breath appears, stop taking the medicine and call the practice at once.",
    "insurance": "Damage by burst pipes is covered up to 50,000 euros; damage by floods is not covered.",
    "travel": "The night train leaves Vienna at 19:42 and arrives in Venice at 8:24. Seats must be reserved.",
    "travel-2": "Passengers may take one suitcase of up to 23 kilograms and one small bag into the cabin.",
    "garden": "Tomatoes are planted out after the last frost and want a sunny place sheltered from rain.",
    "garden-2": "Cut roses back to four buds in spring when the forsythia blooms.",
    "car": "The timing belt must be replaced after 120,000 kilometres, the brake fluid every two years.",
    "car-2": "If the red oil lamp lights up while driving, stop immediately and switch the engine off.",
    "school": "Pupils who are ill must be reported to the office by eight in the morning; a note follows within three days.",
    "history": "The mill on the river was built in 1734 by Jacob Terwiel and burned down in the winter of 1891.",
    "science": "Bees find their way by the sun and tell each other by a dance where the flowers are.",
    "computer": "Hold the power key for ten seconds to force the laptop to shut down when it no longer reacts.",
    "bank": "The interest rate is fixed at 3.85 percent until 2031; after that the loan may be paid back at any time.",
    "work": "Employees with more than five years of service may end the contract with a notice period of two months.",
}

IN_OTHER_WORDS = {
    "How much money do I have to leave as security for the flat?": "lease",
    "Is a pet allowed in the apartment?": "lease-pets",
    "Who pays for repairing a broken household appliance?": "warranty",
    "Where does water come into the sports hall?": "minutes",
    "How is bread made?": "recipe",
    "What are dangerous side effects of the pills?": "doctor-2",
    "Does the policy pay when the river enters my cellar?": "insurance",
    "How heavy may my luggage be?": "travel-2",
    "When can I put vegetables outdoors?": "garden",
    "What do I do when a warning light for the lubricant comes on?": "car-2",
    "My child has a fever, whom do I tell?": "school",
    "How do insects communicate?": "science",
    "My notebook is frozen": "computer",
    "quitting my job, how long do I have to wait": "work",
}

NAMES_AND_NUMBERS = {
    "RX-4482": "invoice-b",
    "invoice 4471": "invoice-a",
    "Okafor": "minutes",
    "Lindqvist": "minutes-2",
    "Metoprolol": "doctor",
    "19:42": "travel",
    "Terwiel": "history",
    "3.85 percent": "bank",
    "forsythia": "garden-2",
    "120,000": "car",
    "Hansen": "invoice-b",
    "1891": "history",
}
