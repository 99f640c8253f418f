// The words of the till's day, in French. English is typed against this.

const tickets = (count: number): string => (count > 1 ? `${count} tickets attendent` : 'Un ticket attend');

export const fr = {
  title: 'Journée de caisse',
  intro: 'La caisse s’ouvre avec un fonds compté et se ferme avec un comptage.',
  offline: 'Le serveur est hors d’atteinte. La caisse s’ouvre et se ferme dès qu’il répond ; vendre reste possible.',
  unsent: (count: number) => `${tickets(count)} d’être envoyé. La caisse se ferme dès que tout est parti.`,

  which: 'Quelle caisse est cet appareil ?',
  whichHint: 'Ce choix reste sur cet appareil. Les ventes portent ensuite la journée de cette caisse.',
  none: 'Cette organisation n’a pas encore de caisse. Un administrateur en ajoute une dans Gestion, rubrique Sites et caisses.',
  change: 'Changer de caisse',
  keep: 'Garder cette caisse',
  chosen: (till: string) => `Cet appareil est ${till}.`,
  current: 'Cet appareil',
  closed: 'Fermée',
  openSince: (when: string, name: string) => `Ouverte ${when} par ${name}`,

  openTitle: 'Ouvrir la journée',
  openHint: 'Comptez l’argent dans le tiroir avant la première vente.',
  float: 'Fonds de caisse',
  openYes: (amount: string) => `Ouvrir avec ${amount}`,
  openNo: 'Ouvrir la journée',
  opening: 'Ouverture…',
  opened: (till: string, amount: string) => `${till} est ouverte avec ${amount}.`,

  facts: 'La journée',
  state: 'État',
  isOpen: 'Ouverte',
  isClosed: 'Fermée',
  openedAt: 'Ouverte',
  closedAt: 'Fermée',
  by: (when: string, name: string) => `${when} par ${name}`,
  expected: 'Attendu dans le tiroir',
  expectedHint: 'Le fonds et les ventes en espèces déjà arrivées au serveur.',
  counted: 'Compté',
  variance: 'Écart',
  comment: 'Commentaire',

  closeStart: 'Compter et fermer',
  closeTitle: 'Fermer la journée',
  closeHint: 'Comptez tout l’argent du tiroir, fonds compris.',
  count: 'Montant compté',
  exact: 'Le compte est juste.',
  missing: (amount: string) => `Il manque ${amount}.`,
  over: (amount: string) => `Il y a ${amount} de trop.`,
  commentWanted: 'Dites en un mot d’où vient l’écart.',
  commentOptional: 'Commentaire (facultatif)',
  closeYes: 'Fermer la journée',
  closing: 'Fermeture…',
  closedDone: (till: string) => `${till} est fermée.`,
  next: 'Continuer',

  amountMissing: 'Indiquez le montant compté.',
  amountWrong: 'Ce montant ne se lit pas.',
  amountHigh: (amount: string) => `C’est plus que ${amount}.`,
  moved: 'Une vente est arrivée entre-temps : vérifiez l’écart.',

  past: 'Journées passées',
  pastHint: 'Toutes les caisses, la plus récente d’abord.',
  pastNone: 'Aucune journée n’a encore été ouverte.',
  allTills: 'Toutes les caisses',
  till: 'Caisse',
  more: 'Voir plus',
  noComment: 'Sans commentaire',
};

export type DayWords = typeof fr;
