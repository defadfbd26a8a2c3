// Controls that choose one of the pages which Python made; nothing is computed here.
function draw({ model, el }) {
  const controls = model.get("controls");
  const chooser = make("div", { class: "controls", role: "group" });
  const said = make("div", { role: "status", "aria-live": "polite" }), page = make("div", { class: "page" });

  const fields = controls.map(({ label, options, slider }, place) => {
    const id = `choice-${Math.random().toString(36).slice(2)}`;
    const field = slider
      ? make("input", { id, type: "range", min: 0, max: options.length - 1, step: 1 })
      : make("select", { id }, ...options.map(([value, words]) => make("option", { value }, words)));
    const told = make("span", { "aria-hidden": "true" });
    field.addEventListener("input", () => {
      const chosen = [...model.get("chosen")];
      chosen[place] = slider ? options[field.value][0] : field.value;
      model.set("chosen", chosen);
      model.save_changes();
    });
    chooser.append(make("label", { for: id }, label), field, ...(slider ? [told] : []));
    return { field, told, options, slider };
  });

  const show = () => {
    const chosen = model.get("chosen"), parts = model.get("parts");
    fields.forEach(({ field, told, options, slider }, place) => {
      const at = options.findIndex(([value]) => value === chosen[place]);
      field.value = slider ? at : chosen[place];
      if (slider) {
        told.textContent = options[at][1];
        field.setAttribute("aria-valuetext", options[at][1]);
      }
    });
    const [sentence, ...shown] = model.get("pages")[chosen.join("|")].map((place) => parts[place]);
    said.replaceChildren(...sentence.split("\n").map((line) => make("p", {}, line)));
    page.innerHTML = shown.join("");
  };
  show();
  model.on("change:chosen", show);
  el.append(chooser, said, page);
  el.classList.add("crmlab-choices");
  el.dataset.lmSuppressShortcuts = "true"; // in JupyterLab the arrow keys are for the controls, not for the cells
  return () => model.off("change:chosen", show);
}
