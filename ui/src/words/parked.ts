// The words of parked tickets and of the review of refused ones, in the language in force.

import { locale } from './locale.svelte';
import { en } from './parked.en';
import { fr, type ParkedWords } from './parked.fr';

export const parked = {
  get w(): ParkedWords {
    return locale.language === 'en' ? en : fr;
  },
};
