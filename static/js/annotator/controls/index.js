// Controls by the type of their answer. Each module exports create({control, session, id, settings}) →
// {element, paint(), verbs?(), focus?(), destroy?()}; `id` is the region it speaks of, null for the whole task.

import { create as createChoices } from "./choices.js";
import { create as createNumber } from "./number.js";
import { create as createPairwise } from "./pairwise.js";
import { create as createRating } from "./rating.js";
import { create as createTaxonomy } from "./taxonomy.js";
import { create as createText } from "./textarea.js";

const MAKERS = {
  choices: createChoices,
  number: createNumber,
  pairwise: createPairwise,
  rating: createRating,
  taxonomy: createTaxonomy,
  textarea: createText,
};

export function createControl(given) {
  const create = MAKERS[given.control.type];
  if (!create) throw new Error(`This page cannot ask “${given.control.name}”: ${given.control.tag} is unknown to it.`);
  return create(given);
}
