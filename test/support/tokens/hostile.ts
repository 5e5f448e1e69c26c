import fc from "fast-check";

const sentences = [
  "Could you move my reservation to half past seven, please? It's for 12 people.",
  "¿Podría cambiar mi reserva para las siete y media? Somos 12 personas, ¡gracias!",
  "七時半に予約を変更していただけますか。12人です。",
  "Не могли бы вы перенести мою бронь на половину восьмого? Нас 12 человек.",
  "您能把我的预订改到七点半吗？我们一共十二个人。",
  "هل يمكنك تغيير حجزي إلى السابعة والنصف؟ نحن ١٢ شخصًا.",
  "האם תוכל להעביר את ההזמנה שלי לשבע וחצי? אנחנו 12 אנשים.",
  "क्या आप मेरा आरक्षण साढ़े सात बजे कर सकते हैं? हम १२ लोग हैं।",
  "제 예약을 일곱 시 반으로 옮겨 주시겠어요? 저희는 12명입니다.",
  "ช่วยเลื่อนการจองของฉันเป็นหนึ่งทุ่มครึ่งได้ไหม เรามี 12 คน",
  "DIE STRASSE heißt Straße; ﬁnal ǅungla, I'LL, we'Ve, İstanbul, naïve, e\u0301te\u0301",
  "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪🇫🇷 ❤️‍🔥 #️⃣",
  "for (let i = 0; i < n; i++) {\r\n\t\tif (a[i] !== '\\n') return `x` + a[i]; // done\r\n}\n\n",
  'https://example.com/a/b?c=%20d&e=f#g <a href="x">y</a> {"k":[1,2,3e-10]}',
  "<|endoftext|><|fim_prefix|><|im_start|>system<|endofprompt|>",
];

/** One or more of each class that tiktoken's expressions know, and what they treat in a way of its own. */
const characters = [
  ..."aZǅʰ中1٣½ \n\r\t'sTrevLmd/!.-_ſ",
  "\u0301",
  "\u3000",
  "\u00a0",
  "\u0085",
  "\u2028",
  "\ufeff",
  "\u0295",
  "\u200d",
  "\ufe0f",
  "😀",
  "\u{10400}",
  "\u{10428}",
  "\u{20000}",
  "\u{1d165}",
  "\u{1d7ce}",
  "\u{16ea0}",
  "\ud800",
  "\udc00",
  "\u0000",
  "\uffff",
];

const character = fc.constantFrom(...characters);
const codePoint = fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point));
const base64 = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("base64"));
const sentence = fc.constantFrom(...sentences);
// cut anywhere, also inside of a character
const fragment = fc
  .tuple(sentence, fc.nat(90), fc.nat(90))
  .map(([text, from, length]) => text.slice(from, from + length));
const run = fc.tuple(character, fc.integer({ min: 2, max: 200 })).map(([char, length]) => char.repeat(length));
const repeated = fc.tuple(fragment, fc.integer({ min: 2, max: 6 })).map(([text, times]) => text.repeat(times));

/** Texts of many languages, and texts made to find a difference. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: character },
      { weight: 2, arbitrary: codePoint },
      { weight: 1, arbitrary: run },
      { weight: 2, arbitrary: fragment },
      { weight: 1, arbitrary: sentence },
      { weight: 1, arbitrary: repeated },
      { weight: 1, arbitrary: base64 },
    ),
    { minLength: 1, maxLength: 24 },
  )
  .map((parts) => parts.join(""));

/** Every text of up to `length` of these characters, one of each class and special case. */
export function* everyText(length: number): Generator<string> {
  if (length === 0) return;
  for (const char of characters) {
    yield char;
    for (const rest of everyText(length - 1)) yield char + rest;
  }
}
