(() => {
	"use strict";
	const tools = document.getElementById("tools");
	const filter = document.getElementById("filter");
	const state = document.getElementById("state");
	const sort = document.getElementById("sort");
	const shown = document.getElementById("shown");
	const sections = [...document.querySelectorAll("section.list")];
	const all = [...document.querySelectorAll(".certificate")];

	if (all.length === 0)
		return;

	/* The server's order is by urgency. */
	all.forEach((item, index) => {
		item.dataset.index = index;
	});

	const orders = {
		urgency: (a, b) => a.dataset.index - b.dataset.index,
		expiry: (a, b) => a.dataset.expiry - b.dataset.expiry || orders.name(a, b),
		name: (a, b) => a.dataset.name.localeCompare(b.dataset.name, "en"),
	};

	/* The states that there are, in the order in which they are on the page. */
	for (const name of new Set(all.map((item) => item.dataset.state)))
		state.add(new Option(name, name));

	/* Every word must be found. */
	const show = () => {
		const words = filter.value.toLowerCase().split(/\s+/);
		let count = 0;

		for (const item of all) {
			const found = words.every((word) => item.dataset.text.includes(word)) &&
				(state.value === "" || item.dataset.state === state.value);

			item.hidden = !found;
			count += found;
		}
		for (const section of sections)
			section.hidden = section.querySelector(".certificate:not([hidden])") === null;
		shown.value = count === all.length ? "" : `${count} of ${all.length} shown`;
	};

	const arrange = () => {
		for (const section of sections) {
			const list = section.querySelector("ol");

			list.append(...[...list.children].sort(orders[sort.value]));
		}
	};

	filter.addEventListener("input", show);
	state.addEventListener("change", show);
	sort.addEventListener("change", arrange);
	tools.addEventListener("submit", (event) => event.preventDefault());
	document.addEventListener("keydown", (event) => {
		const typing = event.target.closest("input, select, textarea") !== null;

		if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
			event.preventDefault();
			filter.focus();
		} else if (event.key === "Escape" && event.target === filter) {
			filter.value = "";
			show();
		}
	});
	tools.hidden = all.length < 2;
	/* A page that the browser restores may have something in its fields. */
	show();
	arrange();
})();
