"use strict";
// The station tells what to show, in words; this page puts it on the screen, says so, and notices
// when the station is gone. Nothing is kept, nothing is asked of any other place.
(() => {
  const SILENCE = 5000;      // a station that is alive says something every 2 s
  const ANSWER = 3000;       // how often the page says what it shows
  const BACK = 60000;        // the station's own choice of language returns this long after a touch
  const RETRY = 1000;
  const byId = (id) => document.getElementById(id);
  let source = null, language = "", heardAt = Date.now(), shown = null;
  let retry = 0, back = 0;

  const make = (name, text, parent, className) => {
    const node = document.createElement(name);
    node.textContent = text;
    if (className) node.className = className;
    parent.append(node);
    return node;
  };

  const figure = (list, label, text) => {
    if (!text) return;
    const pair = document.createElement("div");
    make("dt", label, pair);
    make("dd", text, pair);
    list.append(pair);
  };

  const card = (evse, words, isAlone) => {
    const node = document.createElement("article");
    node.className = evse.tone;
    node.dataset.evse = evse.id;
    if (!isAlone) make("h2", evse.name, node);
    make("h1", evse.title, node);
    const figures = document.createElement("dl");
    figure(figures, words.energy, evse.energy);
    figure(figures, words.power, evse.power);
    figure(figures, words.duration, evse.duration);
    figure(figures, words.charge, evse.charge);
    figure(figures, words.remaining, evse.remaining);
    figure(figures, words.cost, evse.cost);
    node.append(figures);
    make("p", evse.detail, node, "detail");
    if (evse.personal) make("p", evse.personal, node, "personal");
    if (evse.limit) make("p", evse.limit, node, "limit");
    if (evse.code) make("p", evse.code, node, "code");
    if (evse.canBeChosen) {
      const button = make("button", words.choose, node, "choose");
      button.addEventListener("click", () => {
        fetch("/choose", { method: "POST", body: JSON.stringify({ evse: evse.id }) }).catch(() => {});
      });
    }
    return node;
  };

  const buttons = (content) => {
    const list = byId("languages");
    list.replaceChildren();
    if (content.languages.length < 2) return;
    for (const { code, name } of content.languages) {
      const button = make("button", name, list);
      button.lang = code;
      button.setAttribute("aria-pressed", String(code === content.language));
      button.addEventListener("click", () => choose(code));
    }
  };

  const render = (content) => {
    shown = content;
    document.documentElement.lang = content.language;
    const main = byId("evses");
    main.dataset.count = content.evses.length;
    main.replaceChildren(
      ...content.evses.map((evse) => card(evse, content.words, content.evses.length === 1)));
    const message = byId("message");
    message.textContent = content.message;
    message.className = (content.messageIsFirst ? "first" : "")
      + (content.message.length > 120 ? " long" : "");
    byId("notice").textContent = content.notice;
    byId("gone").querySelector("h1").textContent = content.words.goneTitle;
    byId("gone").querySelector("p").textContent = content.words.goneDetail;
    buttons(content);
  };

  const answer = () => {
    if (!shown || document.body.dataset.state !== "well") return;
    fetch("/shown", { method: "POST", body: JSON.stringify({ revision: shown.revision }) })
      .catch(() => {});
  };

  const heard = () => {
    heardAt = Date.now();
    if (shown) document.body.dataset.state = "well";
  };

  const connect = () => {
    if (source) source.close();
    clearTimeout(retry);
    source = new EventSource(language ? "/events/" + language : "/events");
    // A station that has started anew counts its revisions anew.
    let isFirst = true;
    source.addEventListener("content", (event) => {
      const content = JSON.parse(event.data);
      const isNew = isFirst || shown.revision !== content.revision;
      isFirst = false;
      if (isNew) render(content);
      heard();
      if (isNew) answer();
    });
    source.onerror = () => {
      source.close();
      retry = setTimeout(connect, RETRY);
    };
  };

  const choose = (code) => {
    language = code;
    connect();
    clearTimeout(back);
    // Then the station chooses again: the driver's language where it knows it, or the first.
    if (code) back = setTimeout(() => choose(""), BACK);
  };

  setInterval(() => {
    if (Date.now() - heardAt < SILENCE) return;
    document.body.dataset.state = shown ? "gone" : "starting";
    // A stream that stands still without an end is made anew.
    if (source.readyState !== EventSource.CLOSED) {
      source.close();
      retry = setTimeout(connect, RETRY);
    }
    heardAt = Date.now() - SILENCE + RETRY * 2;
  }, 500);
  setInterval(answer, ANSWER);
  connect();
})();
