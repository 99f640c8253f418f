// The words of the till's day, in the language in force.

import { en } from './day.en';
import { fr, type DayWords } from './day.fr';
import { locale } from './locale.svelte';

export const day = {
  get w(): DayWords {
    return locale.language === 'en' ? en : fr;
  },
};
