(async () => {
  const report = (outcome) => { document.documentElement.dataset.outcome = JSON.stringify(outcome); };
  try {
    const model = await pincel.Model.load('/zoo/vww_96_int8.tflite');
    const { Identity_int8: scores } = await model.run(new Int8Array(96 * 96 * 3));
    report({ length: scores.length, info: model.info });
  } catch (error) {
    report({ error: String(error) });
  }
})();
