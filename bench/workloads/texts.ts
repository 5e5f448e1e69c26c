/** What users write in the load: 60 characters. */
export const QUESTION = "When would a parcel of five kilograms arrive in Lisbon, then";

/** What the AI answers: 232 characters. */
export const ANSWER =
  "It depends on the country. A parcel of that weight costs from twelve to eighteen euros and takes three to five days. ".repeat(
    2,
  );
