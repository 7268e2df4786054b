// The documentation works without this; it folds the contents on phones and
// offers to copy what is written to be copied.
if (matchMedia('(max-width: 59.99rem)').matches) document.querySelector('.contents').open = false;
document.querySelector('.chapters [aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' });

function offerCopy(block) {
  const frame = document.createElement('div'), button = document.createElement('button');
  frame.className = 'block';
  button.className = 'copy';
  button.type = 'button';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(block.textContent);
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  block.replaceWith(frame);
  frame.append(block, button);
}

if (navigator.clipboard) for (const block of document.querySelectorAll('pre')) offerCopy(block);
