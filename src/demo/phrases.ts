/** What visitors ask and assistants answer, by language. */
export type Turn = readonly [question: string, answer: string];
type Phrases = readonly [Turn, ...Turn[]];

const english: Phrases = [
  ["Hi, is anyone there?", "Hello! I am the assistant here. What can I help you with?"],
  [
    "Do you ship to Canada?",
    "Yes. Delivery to Canada takes four to six working days, and you see the customs fees before you pay.",
  ],
  [
    "My order {n} has not arrived yet",
    "I am sorry about that. Order {n} left our warehouse and is with the carrier; the tracking link in your e-mail shows where it is. If nothing moves until tomorrow, I can open a request for you.",
  ],
  [
    "Can I change the size after ordering?",
    "You can, for as long as the order is not packed. Open “My orders”, choose the item and tap “Change size”.",
  ],
  [
    "what's the difference between the basic and the pro plan",
    "Pro adds shared inboxes, roles and the audit log. Basic has everything that one person needs. You can move between them at any time, and we bill the difference by the day.",
  ],
  [
    "How do I reset my password?",
    "Use “Forgot password” on the sign-in page. The link is valid for an hour. Look into the spam folder if it does not arrive.",
  ],
  [
    "Is there a discount for non-profits?",
    "Yes, 30 % on every plan. Send us your registration number and we apply it to the next invoice.",
  ],
  [
    "I need an invoice with our VAT number",
    "You can add it under Billing → Company. New invoices carry it at once; I can also reissue the last three.",
  ],
  ["ok thanks!", "You are welcome. Have a good day!"],
  [
    "That did not work, I get error {n}",
    "Error {n} means that the session has expired. Please sign out, close the window and sign in again. If it comes back, tell me the time at which it happened.",
  ],
];

const spanish: Phrases = [
  ["Hola, ¿a qué hora abren?", "¡Hola! Abrimos de lunes a sábado, de 9:00 a 20:00. Los domingos estamos cerrados."],
  [
    "¿Tienen la talla 42 en negro?",
    "Sí, quedan dos pares en la tienda del centro y cinco en línea. ¿Quiere que le reserve uno?",
  ],
  [
    "Quiero devolver el pedido {n}",
    "Por supuesto. Puede devolver el pedido {n} durante 30 días. Le envío la etiqueta por correo electrónico; el reembolso llega en tres a cinco días.",
  ],
  ["¿El envío es gratis?", "El envío es gratis a partir de 40 €. Por debajo cuesta 3,90 €."],
  ["Muchas gracias", "¡A usted! Aquí estamos para lo que necesite."],
  [
    "No encuentro mi factura",
    "La encuentra en «Mi cuenta → Facturas». Si la compra fue como invitado, dígame su correo y se la envío de nuevo.",
  ],
];

const german: Phrases = [
  [
    "Guten Tag, haben Sie am Samstag noch einen Tisch für vier?",
    "Guten Tag! Am Samstag sind um 18:00 und um 20:30 Uhr noch Tische frei. Welche Zeit passt Ihnen?",
  ],
  [
    "Ist das Hotel barrierefrei?",
    "Ja: ebenerdiger Eingang, Aufzug zu allen Etagen und zwei Zimmer mit bodengleicher Dusche. Soll ich eines für Sie vormerken?",
  ],
  [
    "Kann ich die Buchung {n} kostenlos stornieren?",
    "Bis 48 Stunden vor der Anreise ist die Stornierung der Buchung {n} kostenlos. Danach berechnen wir die erste Nacht.",
  ],
  ["Wo kann ich parken?", "In der Tiefgarage unter dem Haus, 14 € pro Nacht. Die Einfahrt ist in der Gartenstraße."],
  ["Danke, das hilft mir sehr", "Sehr gern! Eine gute Anreise."],
  [
    "Gibt es Frühstück auch vor 7 Uhr?",
    "Unter der Woche ab 6:30 Uhr, am Wochenende ab 7:30 Uhr. Für frühe Abreisen packen wir gern eine Tüte.",
  ],
];

const french: Phrases = [
  [
    "Bonjour, je voudrais prendre rendez-vous",
    "Bonjour ! Avec plaisir. Nous avons de la place jeudi à 10 h 15 et vendredi à 16 h. Qu’est-ce qui vous convient ?",
  ],
  [
    "Est-ce que vous acceptez la carte Vitale ?",
    "Oui, et nous pratiquons le tiers payant. Pensez aussi à votre carte de mutuelle.",
  ],
  [
    "Mon dossier {n} est-il complet ?",
    "Il manque encore une copie de l’ordonnance au dossier {n}. Vous pouvez la déposer dans votre espace personnel ou l’apporter le jour du rendez-vous.",
  ],
  ["Merci beaucoup !", "Je vous en prie. À bientôt !"],
  [
    "Je dois annuler pour demain",
    "C’est noté, votre rendez-vous de demain est annulé. Souhaitez-vous une autre date ?",
  ],
];

const japanese: Phrases = [
  [
    "こんにちは。営業時間を教えてください。",
    "こんにちは。平日は10時から19時まで、土日祝は11時から18時まで営業しております。",
  ],
  [
    "注文番号{n}の配送状況を知りたいです",
    "ご注文{n}は本日発送済みで、明日の午前中にお届け予定です。追跡番号はメールでお送りしております。",
  ],
  ["返品できますか?", "はい、到着後14日以内でしたら返品いただけます。未使用の状態で、同封の伝票をお使いください。"],
  ["ありがとうございます", "こちらこそ、ありがとうございます。またお気軽にお問い合わせください。"],
  ["支払い方法は何がありますか", "クレジットカード、コンビニ払い、銀行振込、代金引換をご利用いただけます。"],
];

const portuguese: Phrases = [
  [
    "Oi! Vocês entregam em Curitiba?",
    "Oi! Entregamos sim, em até três dias úteis. O frete aparece no carrinho quando você informa o CEP.",
  ],
  [
    "Meu pedido {n} veio com um item errado 😕",
    "Que chato, desculpe! Já abri a troca do pedido {n}: o item certo sai hoje e a coleta do outro fica agendada para sexta.",
  ],
  ["Posso pagar no Pix?", "Pode! No Pix você ainda ganha 5 % de desconto."],
  ["Valeu!", "Imagina! Qualquer coisa, é só chamar. 👋"],
  [
    "Como faço pra falar com um atendente?",
    "Posso chamar alguém agora. O tempo de espera é de mais ou menos 4 minutos. Quer que eu chame?",
  ],
];

/** All languages that the demo speaks. */
export const PHRASES = { english, spanish, german, french, japanese, portuguese };

/** A language of the demo. */
export type Language = keyof typeof PHRASES;
