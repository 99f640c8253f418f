// The words of the figures, in the language in force.

import { en } from './insight.en';
import { fr, type InsightWords } from './insight.fr';
import { locale } from './locale.svelte';

export const insight = {
  get w(): InsightWords {
    return locale.language === 'en' ? en : fr;
  },
};
