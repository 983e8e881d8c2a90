// Everything here is a comfort: each page reads and works without it.
(() => {
  "use strict";
  const trigger = (id, name) => document.getElementById(id)?.dispatchEvent(new CustomEvent(name));
  const say = (words) => { const at = document.getElementById("status"); if (at) at.textContent = words; };

  // Keys: g and a letter opens a screen, / finds, ? tells.
  let went = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "?") document.getElementById("help")?.showModal();
    else if (event.key === "/") {
      event.preventDefault();
      const field = document.getElementById("q");
      if (field) field.focus(); else location.href = "/household";
    } else if (event.key === "g") went = Date.now();
    else if (Date.now() - went < 1200) {
      const link = [...document.querySelectorAll(".screens a")].find((a) => a.dataset.letter === event.key);
      went = 0;
      if (link) link.click();
    }
  });

  // On a narrow screen the row of screens shows where one is.
  document.querySelector(".screens a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  // A menu that is left closes.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(".choose[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  // A chart as a PNG, at twice its size, drawn from the same SVG.
  const picture = async (address, name) => {
    const drawn = await (await fetch(address)).text();
    const image = new Image();
    const from = URL.createObjectURL(new Blob([drawn], { type: "image/svg+xml" }));
    await new Promise((resolve, reject) => { image.onload = resolve; image.onerror = reject; image.src = from; });
    const canvas = document.createElement("canvas");
    canvas.width = image.width * 2;
    canvas.height = image.height * 2;
    const pen = canvas.getContext("2d");
    pen.fillStyle = getComputedStyle(document.body).backgroundColor;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(from);
    canvas.toBlob((body) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(body);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }, "image/png");
  };
  const offer = () => {
    for (const link of document.querySelectorAll('.hl-exports a[href*=".svg"]:not([data-png])')) {
      link.dataset.png = "1";
      const button = document.createElement("a");
      button.href = link.href;
      button.textContent = "PNG";
      button.dataset.png = "1";
      const hidden = link.querySelector(".hl-out");
      if (hidden) button.append(hidden.cloneNode(true));
      button.addEventListener("click", (event) => {
        event.preventDefault();
        picture(link.href, "hearthline.png").catch(() => say("The picture could not be made; the SVG can."));
      });
      link.after(" ", button);
    }
  };
  document.addEventListener("DOMContentLoaded", offer);
  document.addEventListener("htmx:after:settle", offer);
  document.addEventListener("htmx:after:swap", offer);

  // What changes on the server: a new answer is shown in place, arrivals are counted.
  const live = () => {
    const pulse = () => document.getElementById("pulse");
    const source = new EventSource("/api/stream");
    source.addEventListener("hello", () => { if (pulse()) { pulse().dataset.state = "live"; pulse().textContent = "live"; } });
    source.addEventListener("intake", () => { trigger("arrived", "hl-intake"); });
    source.addEventListener("run", () => { say("A new answer is here."); trigger("live", "hl-run"); });
    source.addEventListener("error", () => { if (pulse()) { delete pulse().dataset.state; pulse().textContent = "not connected, trying again"; } });
    addEventListener("pagehide", () => source.close());
  };
  addEventListener("load", () => setTimeout(live, 200));
})();
