// What acting as somebody else says, in French. English is typed against this. It comes with the first screen that needs it.

import type { ImpersonationEnd } from '../shell/port';

const many = (count: number, one: string, several: string): string => `${count} ${count > 1 ? several : one}`;

export const fr = {
  name: 'Voir comme',

  person: {
    hint: (name: string) =>
      `Travailler un moment avec les droits de ${name}, sur ses écrans, pour comprendre ou réparer. Tout est inscrit au journal.`,
    look: 'Voir',
    lookLabel: (name: string) => `Voir la fiche de ${name}`,
    open: 'Voir comme…',
    openLabel: (name: string) => `Voir comme ${name}…`,
    oneself: 'C’est vous : on ne voit pas comme soi-même.',
    above: 'Cette personne fait partie de l’administration générale : on ne voit pas comme elle.',
    disabled: 'Ce compte est désactivé : réactivez-le d’abord.',
  },

  begin: {
    title: (name: string) => `Voir comme ${name} ?`,
    lead: (name: string) =>
      `L’application fera comme si vous étiez ${name} : ses droits, son organisation, ses écrans.`,
    written: (own: string, name: string) =>
      `Tout ce que vous ferez et lirez est inscrit au journal sous vos deux noms, ${own} et ${name}.`,
    told: (name: string) =>
      `Le reste de l’administration générale en est prévenu, et ${name} aussi, sauf réglage contraire.`,
    ends: 'Cela s’arrête au plus tard au bout de deux heures, et plus tôt si vous arrêtez ou si votre session se ferme.',
    forbidden:
      'Restent interdits : les comptes et les rôles, les mots de passe, les courriels et les alertes, fermer des sessions, renommer ou archiver.',
    kept: 'Rien n’attend sur cet appareil : un ticket encaissé part aussitôt au serveur. Votre propre ticket vous attendra ici.',
    organization: 'Dans quelle organisation',
    reason: 'Pourquoi',
    reasonHint: (least: string, most: string) =>
      `De ${least} à ${most} caractères. La raison reste au journal, et l’administration générale la lit.`,
    count: (typed: string, most: string) => `${typed} sur ${most}`,
    short: (missing: number) => `Encore ${many(missing, 'caractère', 'caractères')} au moins : dites pourquoi.`,
    long: (extra: number) => `${many(extra, 'caractère', 'caractères')} de trop.`,
    refused: 'Cette raison n’a pas été acceptée. Écrivez-la autrement.',
    submit: 'Commencer',
    busy: 'Ouverture…',
    board: 'Voir ce qui est en cours',
  },

  banner: {
    sees: 'voit comme',
    elapsed: (time: string) => `depuis ${time}`,
    left: (time: string) => `encore ${time}`,
    ending: 'Se termine…',
    notes: {
      near: 'Les trois quarts du temps sont passés.',
      quarter: 'Il reste moins de 15 minutes.',
      last: 'Il reste moins de 2 minutes : finissez.',
    },
    stop: 'Arrêter',
    stopLabel: (name: string) => `Arrêter de voir comme ${name}`,
    stopping: 'Arrêt…',
    said: {
      begun: (name: string, duration: string) => `Vous voyez maintenant comme ${name}, encore ${duration}.`,
      near: (name: string, duration: string) =>
        `Voir comme ${name} : les trois quarts du temps sont passés, encore ${duration}.`,
      quarter: (name: string, duration: string) => `Voir comme ${name} s’arrête dans ${duration}.`,
      last: (name: string, duration: string) => `Voir comme ${name} s’arrête dans ${duration}. Finissez.`,
      over: (name: string) => `Voir comme ${name} se termine.`,
    },
    ticketTitle: 'Arrêter et perdre ce ticket ?',
    ticketEffect: (amount: string) =>
      `Le ticket de ${amount} n’est gardé nulle part. Encaissez-le d’abord, ou il sera perdu.`,
    ticketYes: 'Arrêter quand même',
  },

  over: {
    label: 'Fin de « Voir comme »',
    why: {
      stopped: (name: string) => `Vous avez arrêté de voir comme ${name}.`,
      forced: (name: string) => `Quelqu’un d’autre de l’administration générale a arrêté « Voir comme » sur ${name}.`,
      expired: (name: string) => `« Voir comme » sur ${name} est arrivé à son terme.`,
      ended: (name: string) =>
        `« Voir comme » sur ${name} s’est arrêté : une session ou un compte dont cela dépendait n’est plus ouvert.`,
    } satisfies Record<ImpersonationEnd, (name: string) => string>,
    safe: 'Vous êtes de nouveau vous-même. Votre session et votre ticket n’ont pas bougé.',
    seen: 'Vu',
  },

  /** Why something cannot be done while it lasts. */
  meanwhile: {
    save: 'Pendant « Voir comme », rien n’est gardé sur cet appareil. Un ticket encaissé part aussitôt.',
    pay: 'Pendant « Voir comme », ce ticket part aussitôt au serveur. S’il ne part pas, il reste ici.',
    tickets: 'Pendant « Voir comme », aucun ticket n’attend ici. Les vôtres reviendront avec vous.',
    sessions: 'Pendant « Voir comme », les sessions se regardent. Elles ne se ferment pas d’ici.',
    people: 'Pendant « Voir comme », les comptes se regardent. Ils ne se changent pas.',
    places: 'Pendant « Voir comme », on peut ajouter un site ou une caisse, pas renommer ni archiver.',
    categories: 'Pendant « Voir comme », on peut ajouter et déplacer, pas modifier ni archiver.',
    organizations: 'Pendant « Voir comme », on reste dans cette organisation, et aucune ne se renomme.',
    alerts: 'Pendant « Voir comme », ces réglages se regardent. Ils ne se changent pas.',
    server: 'Pendant « Voir comme », le serveur ne se change pas.',
    leave: 'Se déconnecter : arrêtez d’abord',
  },

  board: {
    title: 'En cours',
    intro: 'Qui voit comme qui, en ce moment, dans toutes les organisations.',
    figures: (count: number) => `${count} « Voir comme » en cours`,
    live: (time: string) => `En direct, relu à ${time}`,
    stale: (time: string) => `Tableau de ${time} : le serveur n’a pas pu être relu depuis.`,
    none: 'Personne ne voit comme quelqu’un d’autre en ce moment.',
    forbidden: 'Ce tableau s’ouvre avec un compte de l’administration générale.',
    organization: 'Organisation',
    reason: 'Raison',
    device: 'Appareil',
    address: 'Adresse',
    began: 'Commencé',
    time: (elapsed: string, left: string) => `depuis ${elapsed}, encore ${left}`,
    near: 'Bientôt à son terme',
    ending: 'Se termine…',
    own: 'La vôtre',
    stop: 'Arrêter',
    stopLabel: (name: string) => `Arrêter de voir comme ${name}`,
    stopped: (name: string) => `Vous ne voyez plus comme ${name}.`,
    force: 'Arrêt forcé…',
    forceLabel: (own: string, name: string) => `Arrêt forcé : ${own} voit comme ${name}`,
    forceTitle: (own: string, name: string) => `Arrêter ${own}, qui voit comme ${name} ?`,
    forceEffect: (own: string) =>
      `Cela vaut dès la prochaine demande de ${own}, qui le verra écrit. Un ticket en main y sera perdu. Sa propre session reste ouverte.`,
    forceYes: 'Arrêter maintenant',
    forced: (own: string, name: string) => `${own} ne voit plus comme ${name}.`,
  },

  settings: {
    title: 'Conditions',
    hint: 'Les mêmes pour toutes les organisations de ce serveur.',
    networks: 'Réseaux permis (un par ligne, vide : partout)',
    networksHint:
      'Par exemple 192.0.2.0/24, 2001:db8::/32 ou une adresse seule. 64 au plus. Vaut pour commencer et pour continuer.',
    tell: 'Prévenir la personne',
    tellHint:
      'Elle reçoit un avis dans l’application, et par courriel s’il y en a. L’administration générale en reçoit toujours un.',
    wrong: {
      network: (line: string) => `« ${line} » n’est ni un réseau ni une adresse.`,
      many: '64 réseaux au plus.',
    },
  },
};

export type ImpersonationWords = typeof fr;
