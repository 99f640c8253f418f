// Parked tickets and the review of refused ones, in French. English is typed against this.

const many = (count: number, one: string, several: string): string => `${count} ${count > 1 ? several : one}`;

export const fr = {
  title: 'De côté',
  park: 'Mettre de côté',
  name: 'Nom du ticket',
  nameHint: 'Un nom, un objet : de quoi le retrouver. Personne d’autre ne le voit.',
  done: (name: string) => `« ${name} » est de côté.`,
  none: 'Aucun ticket de côté.',
  hint: 'Ils vous attendent ici, même après un redémarrage. Personne d’autre ne les voit.',
  lines: (count: number) => many(count, 'ligne', 'lignes'),
  since: (when: string) => `mis de côté ${when}`,
  mends: 'correction d’un ticket refusé',
  sealed: 'Ticket scellé',
  sealedHint: 'Il ne s’ouvre pas pour l’instant. Il reste ici ; prévenez un responsable si cela dure.',
  take: 'Reprendre',
  takeOne: (name: string) => `Reprendre « ${name} »`,
  taken: (name: string) => `« ${name} » est repris.`,
  takenFor: (name: string, aside: string) => `« ${name} » est repris ; « ${aside} » est de côté.`,
  discard: 'Jeter',
  discardOne: (name: string) => `Jeter « ${name} »`,
  discardTitle: 'Jeter ce ticket ?',
  discardEffect: (name: string, amount: string) =>
    `« ${name} », ${amount}, disparaît de cet appareil. Rien n’en aura été vendu.`,
  discarded: (name: string) => `« ${name} » est jeté.`,
  review: {
    open: 'Ouvrir',
    openOne: (reference: string) => `Ouvrir le ticket refusé ${reference}`,
    title: 'Ticket refusé',
    why: 'Pourquoi',
    lines: 'Lignes',
    payments: 'Paiements',
    noPayment: 'Aucun paiement : le total est de 0 €.',
    goods: 'Article dont le nom n’est plus connu',
    mend: 'Corriger',
    mendHint:
      'Ses lignes et ses paiements reviennent en caisse. Il reste dans cette liste jusqu’à ce que le ticket corrigé soit encaissé.',
    mendAside: 'Le ticket en cours sera mis de côté.',
    goOn: 'Reprendre la correction',
    goOnHint: 'Une correction de ce ticket est en cours ou de côté.',
    mended: 'Le ticket refusé est revenu en caisse. Corrigez-le, puis encaissez-le.',
  },
};

export type ParkedWords = typeof fr;
