// The site in Portuguese: English as it stands in the pages → Portuguese.
export default {
  // Every page
  'Pincel: pictures, painted and named in your browser': 'Pincel: imagens pintadas e nomeadas no seu navegador',
  'Paint · Pincel': 'Pintar · Pincel',
  'Classify · Pincel': 'Classificar · Pincel',
  'Your model · Pincel': 'O seu modelo · Pincel',
  'Bench · Pincel': 'Medir · Pincel',
  'To the content': 'Ir para o conteúdo',
  Pages: 'Páginas',
  Paint: 'Pintar',
  Classify: 'Classificar',
  'Your model': 'Modelo', // short: it stands in the masthead of a phone
  Bench: 'Medir',
  'Everything is computed in this page. No picture leaves your device.': 'Tudo é calculado nesta página. Nenhuma imagem sai do seu dispositivo.',
  'Picture credits': 'Créditos das imagens',
  Documentation: 'Documentação',
  Docs: 'Guia',
  Dismiss: 'Fechar',
  'What the engine said': 'O que o motor disse',
  Cancel: 'Cancelar',
  'Pincel paints and classifies pictures inside a web page, on your own processor. Nothing is uploaded.':
    'O Pincel pinta e classifica imagens dentro de uma página web, no seu próprio processador. Nada é enviado.',
  'Repaint a photograph, a film or what the camera sees in the style of a painting, in your browser. Nothing is uploaded.':
    'Repinte uma fotografia, um filme ou o que a câmara vê no estilo de um quadro, no seu navegador. Nada é enviado.',
  'Find out what a photograph shows, or what the camera sees, in your browser. Nothing is uploaded.':
    'Descubra o que uma fotografia mostra, ou o que a câmara vê, no seu navegador. Nada é enviado.',

  // The front door
  'A paintbrush that': 'Um pincel que',
  'stays with you.': 'fica consigo.',
  'Pincel runs image models inside a web page, on your own processor: it repaints a photograph in the style of a painting, and it names what a picture shows.':
    'O Pincel executa modelos de imagem dentro de uma página web, no seu próprio processador: repinta uma fotografia no estilo de um quadro e diz o que uma imagem mostra.',
  'Paint a photograph': 'Pintar uma fotografia',
  'Classify a picture': 'Classificar uma imagem',
  'Chelsea the cat, before and after. Draw the line across.': 'A gata Chelsea, antes e depois. Arraste a linha.',
  'A photograph, a film or the camera in; the same in the manner of a painting out, as strongly as you like.':
    'Entra uma fotografia, um filme ou a câmara; sai o mesmo à maneira de um quadro, com a força que quiser.',
  'A picture in; the five likeliest labels out, with how sure the model is of each.':
    'Entra uma imagem; saem os cinco nomes mais prováveis, e quão seguro o modelo está de cada um.',
  'What to expect': 'O que esperar',
  'Your pictures stay yours': 'As suas imagens são suas',
  'Nothing is uploaded, because there is nowhere to upload to: no server computes, no account, no counting of visits.':
    'Nada é enviado, porque não há para onde enviar: nenhum servidor calcula, não há contas, não se contam visitas.',
  'Your own processor': 'O seu processador',
  'A small engine in WebAssembly does the work, with the vector units of any recent computer or phone. After the first visit it works offline, too.':
    'Um pequeno motor em WebAssembly faz o trabalho, com as unidades vetoriais de qualquer computador ou telefone recente. Depois da primeira visita, funciona também sem rede.',
  'Your own models': 'Os seus modelos',
  'Bring a TFLite file, or give its address:': 'Traga um ficheiro TFLite, ou dê o seu endereço:',
  'look inside it and run it': 'veja-o por dentro e execute-o',
  '. ': '. ',
  'See how fast': 'Veja quão rápido',
  'it all is on this device.': 'tudo é neste dispositivo.',

  // Before and after
  Before: 'Antes',
  After: 'Depois',
  'How much of the original to show, in percent': 'Quanto mostrar do original, em percentagem',

  // Painting
  'It takes on the colours and strokes of a painting. Everything stays on your device.':
    'Ganha as cores e os traços de um quadro. Tudo fica no seu dispositivo.',
  Picture: 'Imagem',
  'Drop a photograph or a film here': 'Largue aqui uma fotografia ou um filme',
  'or paste it, or begin with a sample': 'ou cole-a, ou comece com um exemplo',
  'Choose a picture': 'Escolher uma imagem',
  Camera: 'Câmara',
  'Your photograph': 'A sua fotografia',
  'Your own photograph': 'A sua própria fotografia',
  'Picture file': 'Ficheiro de imagem',
  'Take the picture': 'Tirar a fotografia',
  Stop: 'Parar',
  'Your picture': 'A sua imagem',
  Save: 'Guardar',
  Share: 'Partilhar',
  Style: 'Estilo',
  Styles: 'Estilos',
  'Style {n}': 'Estilo {n}',
  'Mixed with': 'Misturado com',
  'nothing else': 'mais nada',
  'How much of the second style, in percent': 'Quanto do segundo estilo, em percentagem',
  'Sample styles': 'Exemplos de estilos',
  'Your own style': 'O seu próprio estilo',
  'Rings of pure colour': 'Anéis de cor pura',
  'Printed waves and a red sun': 'Ondas impressas e um sol vermelho',
  'Night sky in thick strokes': 'Céu noturno em traços grossos',
  'Stained glass': 'Vitral',
  'Style picture file': 'Ficheiro da imagem de estilo',
  'How to paint': 'Como pintar',
  Strength: 'Força',
  'Longer side, in pixels': 'Lado maior, em píxeis',
  Full: 'Inteira',
  'Copy a link to this look': 'Copiar a ligação para este estilo',
  'The link is copied. It carries the look, never the picture.': 'A ligação está copiada. Leva o estilo, nunca a imagem.',
  'Copy the page’s address: it carries the look, never the picture.': 'Copie o endereço da página: leva o estilo, nunca a imagem.',
  Photograph: 'Fotografia',
  'Sample photographs': 'Fotografias de exemplo',
  'A tabby cat': 'Um gato malhado',
  'A cup of coffee': 'Uma chávena de café',
  'A raccoon': 'Um guaxinim',
  'An astronaut': 'Uma astronauta',
  'A rocket on its pad': 'Um foguetão na rampa',
  '{n} %': '{n} %',
  '{n} frames a second': '{n} imagens por segundo',
  '{width} × {height} pixels, painted in {seconds} s': '{width} × {height} píxeis, pintados em {seconds} s',
  'Bring a model first, below.': 'Traga primeiro um modelo, em baixo.',
  'Choose a photograph first.': 'Escolha primeiro uma fotografia.',
  'Choose a style first.': 'Escolha primeiro um estilo.',

  // The model's place
  Model: 'Modelo',
  'Model files': 'Ficheiros do modelo',
  Forget: 'Esquecer',
  'Choose files…': 'Escolher ficheiros…',
  'Or give an address': 'Ou dê um endereço',
  'Use it': 'Usar',
  'Style network (“predict”)': 'Rede do estilo («predict»)',
  'Painting network (“transfer”)': 'Rede que pinta («transfer»)',
  'Or one network alone': 'Ou uma só rede',
  'That is no address of a model. It would begin with https://.': 'Isso não é o endereço de um modelo. Começaria por https://.',
  'reads the style': 'lê o estilo',
  paints: 'pinta',
  model: 'modelo',
  labels: 'nomes',
  'Now its other half, the network that paints (“transfer”).': 'Agora a outra metade, a rede que pinta («transfer»).',
  'Now its other half, the network that reads the style (“predict”).': 'Agora a outra metade, a rede que lê o estilo («predict»).',
  'Pincel’s own painter is at work. You may bring another: one network that paints, or the two files of Magenta’s style transfer (“predict” and “transfer”).':
    'Está a trabalhar o pintor do próprio Pincel. Pode trazer outro: uma rede que pinte, ou os dois ficheiros da transferência de estilo Magenta («predict» e «transfer»).',
  'Bring the two .tflite files of Magenta’s style transfer (“predict” and “transfer”), or one network that paints. They are kept on this device.':
    'Traga os dois ficheiros .tflite da transferência de estilo Magenta («predict» e «transfer»), ou uma rede que pinte. Ficam neste dispositivo.',

  // Classifying
  'Name what is in a picture': 'Dar nome ao que está numa imagem',
  'The five labels that the model finds likeliest. The picture stays on your device.':
    'Os cinco nomes que o modelo acha mais prováveis. A imagem fica no seu dispositivo.',
  'Drop a picture here': 'Largue aqui uma imagem',
  'What the camera sees': 'O que a câmara vê',
  'It looks like': 'Parece ser',
  'Unsure. Perhaps': 'Sem certeza. Talvez',
  'It tells {n} things apart.': 'Distingue {n} coisas.',
  'One of the {n} things that it knows.': 'Uma das {n} coisas que conhece.',
  'Nothing it knows for certain': 'Nada que conheça ao certo',
  'Probably none of the {n} things that it knows. The nearest of them:': 'Provavelmente nenhuma das {n} coisas que conhece. As mais próximas:',
  'The {n} things that it knows': 'As {n} coisas que conhece',
  'What it knows': 'O que conhece',
  'It has seen nothing else: whatever else a picture shows, it can only name the nearest of these.':
    'Não viu mais nada: se a imagem mostrar outra coisa, só sabe dar o nome da mais próxima destas.',
  'A sunflower, drawn': 'Um girassol, desenhado',
  'A stop sign, drawn': 'Um sinal de stop, desenhado',
  'An astronaut’s face': 'O rosto de uma astronauta',
  Samples: 'Exemplos',
  'Sample pictures': 'Imagens de exemplo',
  'Your own picture': 'A sua própria imagem',
  Classifier: 'Classificador',
  Labels: 'Nomes',
  'No picture yet.': 'Ainda sem imagem.',
  'Waiting for a model.': 'À espera de um modelo.',
  'Computed in {n} ms.': 'Calculado em {n} ms.',
  'Without a labels file (.txt) the classes go by number.': 'Sem um ficheiro de nomes (.txt), as classes vão por número.',
  'Pincel’s own classifier is at work. You may bring another: a .tflite file, and its labels as a .txt file with one label a line.':
    'Está a trabalhar o classificador do próprio Pincel. Pode trazer outro: um ficheiro .tflite, e os nomes num ficheiro .txt, um por linha.',
  'Bring a classifier as a .tflite file, and its labels as a .txt file with one label a line. They are kept on this device.':
    'Traga um classificador num ficheiro .tflite, e os nomes num ficheiro .txt, um por linha. Ficam neste dispositivo.',
  'This model is not a classifier: it would take one picture and give one score for each label.':
    'Este modelo não é um classificador: este recebe uma imagem e dá um valor para cada nome.',

  // Your model
  'Look inside a .tflite model and run it, in your browser: operators, shapes, memory, the time of each step. Nothing is uploaded.':
    'Veja um modelo .tflite por dentro e execute-o, no seu navegador: operadores, formas, memória, o tempo de cada passo. Nada é enviado.',
  'Look inside a model': 'Ver um modelo por dentro',
  'What it holds, whether it runs here, and how fast. The file stays on your device.':
    'O que contém, se corre aqui, e a que velocidade. O ficheiro fica no seu dispositivo.',
  'Drop a model here': 'Largue aqui um modelo',
  'Choose a file': 'Escolher um ficheiro',
  'a .tflite or .onnx file': 'um ficheiro .tflite ou .onnx',
  'Model file': 'Ficheiro do modelo',
  Operators: 'Operadores',
  Operator: 'Operador',
  'How many': 'Quantos',
  'Runs here': 'Corre aqui',
  yes: 'sim',
  no: 'não',
  'not yet': 'ainda não',
  'The slowest steps': 'Os passos mais lentos',
  Step: 'Passo',
  Shape: 'Forma',
  ms: 'ms',
  'GMAC/s': 'GMAC/s',
  'In short': 'Em resumo',
  File: 'Ficheiro',
  'Memory when it runs': 'Memória em execução',
  'Multiply-accumulates': 'Multiplicações e somas',
  Inputs: 'Entradas',
  Outputs: 'Saídas',
  'Run it': 'Executar',
  'On noise, to measure it; or on a picture, when it takes one.': 'Com ruído, para medir; ou com uma imagem, quando aceita uma.',
  Measure: 'Medir',
  'What the model made of the picture': 'O que o modelo fez da imagem',
  'Reading the model': 'A ler o modelo',
  'It runs here.': 'Corre aqui.',
  'It cannot run here.': 'Não corre aqui.',
  'It uses operators that Pincel does not have yet.': 'Usa operadores que o Pincel ainda não tem.',
  '{median} ms, the median of {runs} runs ({simd}, threads: {threads})': '{median} ms, mediana de {runs} execuções ({simd}, fios: {threads})',
  'Loaded and run in {n} ms.': 'Carregado e executado em {n} ms.',

  'Make it smaller': 'Torná-lo menor',
  'For models in float. int8 also makes them faster; it needs some dozens of pictures like those the model will see.':
    'Para modelos em vírgula flutuante. Com int8 ficam também mais rápidos; são precisas algumas dezenas de imagens como as que o modelo vai ver.',
  'int8 weights': 'pesos int8',
  'Values that the model wants of a picture': 'Valores que o modelo quer de uma imagem',
  'Choose pictures…': 'Escolher imagens…',
  Quantise: 'Quantizar',
  Quantising: 'A quantizar',
  'Pictures to calibrate with': 'Imagens para calibrar',
  'Pictures to calibrate with: {n}': 'Imagens para calibrar: {n}',
  '{before} became {after}.': '{before} passaram a {after}.',
  '{before} became {after}. Its pictures differ from the original’s by a PSNR of {psnr} dB.':
    '{before} passaram a {after}. As imagens diferem das do original com um PSNR de {psnr} dB.',
  '{before} became {after}. On {percent} % of the pictures it agrees with the original.':
    '{before} passaram a {after}. Em {percent} % das imagens concorda com o original.',
  'The tools did not load. Check the connection and reload; on your own server, build them first.':
    'As ferramentas não carregaram. Verifique a ligação e recarregue; no seu próprio servidor, compile-as primeiro.',

  // Bench
  'How fast Pincel runs image models on this device, in this browser.': 'A que velocidade o Pincel executa modelos de imagem neste dispositivo, neste navegador.',
  'How fast is it here?': 'Quão rápido é aqui?',
  'Each model runs for some seconds on this device, in this browser. Nothing is sent anywhere; copy the result if you like to share it.':
    'Cada modelo corre alguns segundos neste dispositivo, neste navegador. Nada é enviado; copie o resultado se o quiser partilhar.',
  'Milliseconds a run': 'Milissegundos por execução',
  Threads: 'Fios',
  Painter: 'Pintor',
  Median: 'Mediana',
  'Least–greatest': 'Mínimo–máximo',
  Begin: 'Começar',
  'Copy the result': 'Copiar o resultado',
  'This device': 'Este dispositivo',
  'Processor threads': 'Fios do processador',
  'Vector units': 'Unidades vetoriais',
  'Shared memory': 'Memória partilhada',
  Browser: 'Navegador',
  'Your own model': 'O seu próprio modelo',
  'Add .tflite or .onnx files to the list.': 'Junte ficheiros .tflite ou .onnx à lista.',
  'Add a model to the list first.': 'Junte primeiro um modelo à lista.',
  'Measuring {name}': 'A medir {name}',
  'Done. The median is what to compare.': 'Pronto. A mediana é o que se compara.',
  'The result is copied.': 'O resultado está copiado.',

  // Progress
  'Starting the engine': 'A ligar o motor',
  'Fetching the model': 'A buscar o modelo',
  'Preparing the model': 'A preparar o modelo',
  'Studying the style': 'A estudar o estilo',
  Computing: 'A calcular',
  Painting: 'A pintar',
  Working: 'A trabalhar',

  // Failures
  'The engine did not load. Check the connection and reload; on your own server, build it first.':
    'O motor não carregou. Verifique a ligação e recarregue; no seu próprio servidor, compile-o primeiro.',
  'The camera stays closed until you allow this page to use it, in the browser’s address bar.':
    'A câmara fica fechada até permitir que esta página a use, na barra de endereço do navegador.',
  'No camera was found. Choose a picture instead.': 'Não se encontrou câmara. Escolha antes uma imagem.',
  'Another program is using the camera. Close it and try again.': 'Outro programa está a usar a câmara. Feche-o e tente de novo.',
  'The camera could not be opened. Choose a picture instead.': 'Não foi possível abrir a câmara. Escolha antes uma imagem.',
  'This browser cannot play that film. MP4 or WebM will do.': 'Este navegador não reproduz esse filme. MP4 ou WebM servem.',
  'The sample picture could not be fetched. Check the connection.': 'Não foi possível buscar a imagem de exemplo. Verifique a ligação.',
  'This browser cannot read that picture. Save it as JPEG or PNG and try again.':
    'Este navegador não lê essa imagem. Guarde-a como JPEG ou PNG e tente de novo.',
  'That is not a picture. Choose a JPEG, PNG, WebP or GIF file.': 'Isso não é uma imagem. Escolha um ficheiro JPEG, PNG, WebP ou GIF.',
  'Nothing usable was dropped.': 'Nada do que largou serve aqui.',
  'The picture could not be shared. Save it instead.': 'Não foi possível partilhar a imagem. Guarde-a antes.',
  'The engine was asked for something it cannot do.': 'Pediu-se ao motor algo que ele não faz.',
  'This file is not a model that Pincel can read, or it is damaged. Choose a .tflite file, complete and unpacked.':
    'Este ficheiro não é um modelo que o Pincel leia, ou está danificado. Escolha um ficheiro .tflite, completo e descomprimido.',
  'This model uses operations that Pincel does not have yet.': 'Este modelo usa operações que o Pincel ainda não tem.',
  'This model does not fit this job: it wants other inputs, or another size.':
    'Este modelo não serve para esta tarefa: quer outras entradas, ou outro tamanho.',
  'This model does not fit this job: its inputs are of another kind.': 'Este modelo não serve para esta tarefa: as entradas são de outro tipo.',
  'This is more than the engine takes on at once. Try a smaller size, or a smaller model.':
    'Isto é mais do que o motor aceita de uma vez. Tente um tamanho menor, ou um modelo menor.',
  'There is not enough memory for this. Try a smaller size, or close other tabs.':
    'Não há memória que chegue. Tente um tamanho menor, ou feche outros separadores.',
  'This picture could not be read. It may be damaged, or of a kind that this browser does not know.':
    'Não foi possível ler esta imagem. Pode estar danificada, ou ser de um tipo que este navegador não conhece.',
  'The model met a value it cannot compute with. Try another picture, or another model.':
    'O modelo encontrou um valor com que não sabe calcular. Tente outra imagem, ou outro modelo.',
  'The model could not be fetched. Check its address and the connection, and that its server lets other pages read it.':
    'Não foi possível buscar o modelo. Verifique o endereço e a ligação, e se o servidor deixa outras páginas lê-lo.',
  'The file that arrived is not the one that was asked for, so it was not used.':
    'O ficheiro que chegou não é o que se pediu, por isso não foi usado.',
  'This browser lacks what Pincel runs on: WebAssembly with SIMD. A current version will do.':
    'Falta a este navegador aquilo em que o Pincel corre: WebAssembly com SIMD. Uma versão atual serve.',
  'The engine stopped. Reload the page and try again.': 'O motor parou. Recarregue a página e tente de novo.',
  'The model was put away meanwhile. Try once more.': 'Entretanto o modelo foi arrumado. Tente mais uma vez.',
  'Something went wrong. Reload the page and try again.': 'Algo correu mal. Recarregue a página e tente de novo.',
};
