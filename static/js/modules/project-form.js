// A new project's form: examples and metrics follow the kind of problem; what a person typed is left alone.

export function mount(form) {
  const metric = form.elements.target_metric;

  const follow = () => {
    const tile = form.querySelector("[name='problem_type']:checked");
    if (!tile) return;
    const { metrics, name, statement, classes, threshold } = tile.dataset;
    const wanted = metrics.split(" ").filter(Boolean);
    for (const option of metric.options) option.disabled = option.hidden = !wanted.includes(option.value);
    for (const group of metric.querySelectorAll("optgroup")) {
      group.hidden = [...group.children].every((option) => option.hidden);
    }
    if (!wanted.includes(metric.value)) metric.value = wanted[0];
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
