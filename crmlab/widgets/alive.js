// What all widgets of the house share. The file of a widget follows and defines draw({ model, el }).

function make(tag, attributes = {}, ...children) {
  const element = filled(document.createElement(tag), attributes, children);
  // JupyterLab would take the arrow keys of a control to choose another cell.
  if (tag === "input" || tag === "select") element.dataset.lmSuppressShortcuts = "true";
  return element;
}

function shape(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Live, so what stands still beside is hidden; where no script runs it stays.
function render({ model, el }) {
  const hiding = make("style"), place = make("div", { class: "crmlab-alive" });
  const hide = () => {
    hiding.textContent = model.get("hides").map((name) => `.${name} { display: none }`).join("\n");
  };
  hide();
  model.on("change:hides", hide);
  el.append(hiding, place);
  const clear = draw({ model, el: place });
  return () => {
    model.off("change:hides", hide);
    clear?.();
  };
}
