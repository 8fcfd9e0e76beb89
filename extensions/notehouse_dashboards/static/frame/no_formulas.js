// Stands for MathJax on a page that has no formulas: the front end finds one that is asked for nothing.

window.MathJax = {
  Hub: { Config() {}, Configured() {}, Queue() {}, Register: { StartupHook() {} } },
  InputJax: {},
};
