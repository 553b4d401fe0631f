/// What charts do when they are pointed at: a cursor with values, and a stretch of the axis made larger. Without it a
/// page lacks these and nothing else. It builds what it adds by itself, and puts no text of a file into markup.
enum PageScript {
  /// SHA-256 of the script as it stands in a page, in base 64: the page's policy lets no other run. A test computes it.
  static let digest = "7uZh3kT+Rk2N4OmgR/bqOESN2m6GBPwIVuui3FI5lno="

  static let text = """
    "use strict";
    for (const figure of document.querySelectorAll("figure.chart")) {
      const drawing = figure.querySelector(".drawing"), plot = drawing.querySelector(".plot");
      const [left, top, right, bottom] = drawing.dataset.plot.split(" ").map(Number);
      const [x0, x1, y0, y1] = drawing.dataset.values.split(" ").map(Number);
      const isLogarithmic = drawing.dataset.logarithmic === "true", xName = drawing.dataset.x;
      const numbers = text => (text.match(/-?\\d+(\\.\\d+)?(e-?\\d+)?/g) || []).map(Number);
      const short = (value, range) => {
        if (value === 0) return "0";
        const digits = Math.max(0, Math.min(12, 3 - Math.floor(Math.log10(Math.abs(range) || 1))));
        const size = Math.abs(value);
        return size >= 1e6 || (size < 1e-3) ? value.toExponential(2) : value.toFixed(digits);
      };
      const xOf = place => x0 + (place - left) / (right - left) * (x1 - x0);
      const yOf = place => {
        const share = (bottom - place) / (bottom - top);
        return isLogarithmic ? y0 * Math.pow(y1 / y0, share) : y0 + share * (y1 - y0);
      };
      const paths = [...plot.querySelectorAll("path:not(.mark)")].map(path => ({
        path, letters: path.getAttribute("d").replace(/[^MLZ]/g, ""), values: numbers(path.getAttribute("d")),
        counts: !path.classList.contains("band") }));
      const marks = [...plot.querySelectorAll(".mark")].map(mark => ({
        mark, values: numbers(mark.getAttribute("transform")) }));
      const lines = [...plot.querySelectorAll(".over")].map(group => {
        const values = numbers(group.querySelector(".line").getAttribute("d")), points = [];
        for (let i = 0; i < values.length; i += 2) points.push([values[i], values[i + 1]]);
        return { name: group.dataset.name, points };
      });
      const places = [...new Set(lines.flatMap(line => line.points.map(point => point[0])))].sort((a, b) => a - b);
      if (places.length < 2) continue;

      const make = (name, attributes, parent) => {
        const svg = ["line", "rect", "text", "path"].includes(name);
        const element = svg ? document.createElementNS(drawing.namespaceURI, name)
          : document.createElement(name);
        for (const key in attributes) element.setAttribute(key, attributes[key]);
        return parent.appendChild(element);
      };
      const controls = document.createElement("div");
      controls.className = "controls";
      drawing.after(controls);
      const button = (text, act) => {
        const element = make("button", { type: "button" }, controls);
        element.textContent = text;
        element.addEventListener("click", act);
        return element;
      };
      const label = make("label", {}, controls);
      label.append("Cursor");
      const slider = make("input", { type: "range", min: 0, max: places.length - 1, value: 0, step: 1 }, label);
      const cursor = make("line", { class: "cursor", y1: top, y2: bottom, visibility: "hidden" }, drawing);
      const taken = make("rect", { class: "taken", y: top, height: bottom - top, visibility: "hidden" }, drawing);
      const ticks = drawing.querySelector(".ticks"), whole = [...ticks.children];
      // What is shown, in places of the whole drawing.
      let shown = [left, right], upright = [top, bottom], at = 0;

      const across = place => left + (place - shown[0]) / (shown[1] - shown[0]) * (right - left);
      const down = place => top + (place - upright[0]) / (upright[1] - upright[0]) * (bottom - top);
      const back = place => shown[0] + (place - left) / (right - left) * (shown[1] - shown[0]);
      const round = (low, high, count) => {
        const rough = (high - low) / count, power = Math.pow(10, Math.floor(Math.log10(rough)));
        const step = [1, 2, 5, 10].map(factor => factor * power).find(one => one >= rough * 0.999);
        const digits = Math.min(12, Math.max(0, -Math.floor(Math.log10(step) + 1e-9))), found = [];
        for (let i = Math.ceil(low / step - 1e-9); high >= i * step - step * 1e-9; i++) {
          const size = Math.abs(i * step);
          const isPlain = i === 0 || (1e6 > size && size >= 1e-3);
          found.push([i * step, isPlain ? (i * step).toFixed(digits) : (i * step).toExponential(2)]);
        }
        return found;
      };
      const drawTicks = () => {
        if (shown[0] === left && shown[1] === right) return ticks.replaceChildren(...whole);
        ticks.replaceChildren();
        if (isLogarithmic) ticks.append(...whole.filter(node => node.matches(".grid, .tick-y")));
        const [low, high] = [yOf(upright[1]), yOf(upright[0])];
        for (const [value, text] of isLogarithmic ? [] : round(low, high, 5)) {
          const row = down(bottom - (value - y0) / (y1 - y0) * (bottom - top));
          make("path", { class: "grid", d: `M${left} ${row}H${right}` }, ticks);
          make("text", { class: "tick-y", x: left - 8, y: row }, ticks).textContent = text;
        }
        const [first, last] = [xOf(shown[0]), xOf(shown[1])];
        for (const [value, text] of round(first, last, 6)) {
          const column = across(left + (value - x0) / (x1 - x0) * (right - left));
          make("path", { class: "stroke", d: `M${column} ${bottom}v5` }, ticks);
          make("text", { class: "tick-x", x: column, y: bottom + 21 }, ticks).textContent = text;
        }
      };
      const fit = () => {
        if (isLogarithmic || (shown[0] === left && shown[1] === right)) return [top, bottom];
        const rows = [];
        for (const { values, counts } of paths) {
          for (let i = 0; counts && i < values.length; i += 2) {
            if (values[i] >= shown[0] && shown[1] >= values[i]) rows.push(values[i + 1]);
          }
        }
        const least = Math.max(top, Math.min(...rows)), most = Math.min(bottom, Math.max(...rows));
        const room = Math.max(2, (most - least) * 0.06);
        return most >= least ? [least - room, most + room] : [top, bottom];
      };
      const draw = () => {
        upright = fit();
        for (const { path, letters, values } of paths) {
          let place = 0, text = "";
          for (const letter of letters) {
            text += letter;
            if (letter !== "Z") text += across(values[place++]).toFixed(2) + " " + down(values[place++]).toFixed(2);
          }
          path.setAttribute("d", text);
        }
        for (const { mark, values } of marks) {
          mark.setAttribute("transform", `translate(${across(values[0])} ${down(values[1])})`);
        }
        drawTicks();
        closer.disabled = 12 > places.filter(place => place >= shown[0] && shown[1] >= place).length;
        wider.disabled = all.disabled = shown[0] === left && shown[1] === right;
        if (cursor.getAttribute("visibility") === "visible") show(at);
      };
      const zoom = (first, last) => {
        shown = [Math.max(left, first), Math.min(right, last)];
        draw();
      };
      const scale = factor => {
        const middle = cursor.getAttribute("visibility") === "visible" ? places[at] : (shown[0] + shown[1]) / 2;
        const reach = Math.min(right - left, (shown[1] - shown[0]) * factor) / 2;
        const first = Math.max(left, Math.min(middle - reach, right - 2 * reach));
        zoom(first, first + 2 * reach);
      };
      const closer = button("Closer", () => scale(0.5));
      const wider = button("Wider", () => scale(2));
      const all = button("All", () => zoom(left, right));
      const output = make("output", { "aria-live": "polite" }, controls);

      const nearest = place => {
        let best = 0;
        places.forEach((one, i) => { if (Math.abs(places[best] - place) > Math.abs(one - place)) best = i; });
        return best;
      };
      const show = index => {
        at = index;
        const place = places[index];
        if (shown[0] > place || place > shown[1]) {
          const reach = (shown[1] - shown[0]) / 2;
          const first = Math.max(left, Math.min(place - reach, right - 2 * reach));
          cursor.setAttribute("visibility", "hidden");
          zoom(first, first + 2 * reach);
        }
        cursor.setAttribute("visibility", "visible");
        cursor.setAttribute("x1", across(place));
        cursor.setAttribute("x2", across(place));
        const parts = lines.map(line => {
          let best = line.points[0];
          for (const point of line.points) {
            if (Math.abs(best[0] - place) > Math.abs(point[0] - place)) best = point;
          }
          const value = best && 1.5 > Math.abs(best[0] - place) ? short(yOf(best[1]), y1 - y0) : "none";
          return line.name + " " + value;
        });
        const x = xOf(place);
        // A place in the drawing is as exact as its pixels; steps are whole numbers.
        const isWhole = x1 - x0 >= 50 || 0.02 > Math.abs(x - Math.round(x));
        const text = xName + " " + (isWhole ? Math.round(x) : short(x, x1 - x0)) + ": " + parts.join(", ");
        output.textContent = text;
        slider.value = index;
        slider.setAttribute("aria-valuetext", text);
      };
      slider.addEventListener("input", () => show(Number(slider.value)));

      const placeOf = event => {
        const box = drawing.getBoundingClientRect();
        return (event.clientX - box.left) / box.width * drawing.viewBox.baseVal.width;
      };
      let begun = null;
      drawing.addEventListener("pointerdown", event => {
        if (event.pointerType === "mouse" && event.button === 0) begun = placeOf(event);
      });
      drawing.addEventListener("pointermove", event => {
        const place = Math.max(left, Math.min(right, placeOf(event)));
        if (begun !== null && Math.abs(place - begun) > 4) {
          taken.setAttribute("visibility", "visible");
          taken.setAttribute("x", Math.min(place, begun));
          taken.setAttribute("width", Math.abs(place - begun));
        }
        show(nearest(back(place)));
      });
      addEventListener("pointerup", event => {
        if (begun === null) return;
        const place = Math.max(left, Math.min(right, placeOf(event)));
        taken.setAttribute("visibility", "hidden");
        if (Math.abs(place - begun) > 8) zoom(back(Math.min(place, begun)), back(Math.max(place, begun)));
        begun = null;
      });
      drawing.addEventListener("dblclick", () => zoom(left, right));
      draw();
    }

    """
}
