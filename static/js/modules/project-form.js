// A new project's form: examples and metrics follow the kind of problem; what a person typed is left alone.

export function mount(form) {
  const metric = form.elements.target_metric;
  const groups = [...metric.querySelectorAll("optgroup")];

  const follow = () => {
    const tile = form.querySelector("[name='problem_type']:checked");
    if (!tile) return;
    const { kind, name, statement, classes, threshold } = tile.dataset;
    const wanted = kind === "number" ? "Regression" : "Classification";
    for (const group of groups) group.disabled = group.hidden = group.label !== wanted;
    if (metric.selectedOptions[0]?.closest("optgroup")?.disabled) {
      metric.value = groups.find((group) => !group.disabled).querySelector("option").value;
    }
    form.elements.name.placeholder = name;
    form.elements.problem_statement.placeholder = statement;
    form.elements.classes.placeholder = classes.replaceAll("|", "\n");
    form.elements.target_threshold.placeholder = threshold;
  };

  const onChange = (event) => event.target.name === "problem_type" && follow();
  form.addEventListener("change", onChange);
  follow();
  return () => form.removeEventListener("change", onChange);
}
